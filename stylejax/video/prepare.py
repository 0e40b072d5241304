"""What clips are painted from: opened, checked and read before the first frame is painted."""

import dataclasses
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from stylejax.errors import SettingsError
from stylejax.files.atomic import check_writable
from stylejax.images.picture import Picture
from stylejax.images.resize import resize
from stylejax.network.vgg import VGG19
from stylejax.run.checkpoint.fingerprint import run_identity
from stylejax.run.inputs.prepare import job_from, network_for, sources_of
from stylejax.run.inputs.reader import ImageSource, Reader
from stylejax.settings.pyramid import fit_side
from stylejax.settings.record import recorded_settings
from stylejax.settings.settings import Settings
from stylejax.types import Shape
from stylejax.version import VERSION
from stylejax.video.film import Inputs
from stylejax.video.media.clip import ClipFacts, Selection, VideoError
from stylejax.video.media.encode import check_video_output
from stylejax.video.media.open import open_clip
from stylejax.video.media.store import FrameStore
from stylejax.video.options import VideoOptions


class InputsReader:
    """Reads the inputs of clips, which have styles, settings and network in common."""

    def __init__(
        self,
        styles: Sequence[ImageSource],
        settings: Settings,
        options: VideoOptions,
        *,
        network: str | Path | VGG19 | None,
        warn: Callable[[str], None],
    ):
        """Read nothing yet; `warn` is called with each problem of a frame."""
        if not styles:
            raise SettingsError("got no style picture; give at least one")
        self._styles, self._settings, self._options = styles, settings, options
        self._wanted, self._warn, self._reader = network, warn, Reader()

    def read(self, source: Path, output: Path, *, alone: bool) -> Inputs:
        """The inputs of a clip.

        Args:
            source: a video file, or a folder of frames.
            output: a video, or a folder for the frames.
            alone: whether it is the only clip.

        Raises:
            VideoError: the clip cannot be read, or the output cannot be written.
            MissingExtraError: PyAV is not installed.
            StylejaxError: a style cannot be read, or the network.
        """
        options, as_video, notes = self._options, bool(output.suffix), []
        given = options.frames if alone or options.frames is None else options.frames / output.name
        store = FrameStore(given or (frames_beside(output) if as_video else output))
        if as_video:
            check_video_output(output, codec=options.codec)
        check_writable(store.place(1), error=VideoError)

        def tell(problem: str) -> None:
            if problem not in notes:
                notes.append(problem)
                self._warn(problem)

        clip = open_clip(source, rate=options.fps, warn=tell)
        frame = next(Selection(options.start, options.last, 1).of(clip), None)
        if frame is None:
            raise VideoError(f"{source} has no frame from {options.start:g} s on; begin earlier")
        shape = painted_shape(clip.facts, self._settings, even=as_video)
        pixels = resize(frame.pixels.astype(np.float32) / np.float32(255), *shape)
        content = self._reader.read(Picture(pixels, None, clip.facts.source), proof=self._settings.proof)
        styles = [self._reader.read(style, proof=self._settings.proof) for style in self._styles]
        job = job_from(self._reader, content, styles, (), (), dataclasses.replace(self._settings, size="native"))
        record = {"program": "stylejax", "version": VERSION, "network": self._network.spec.name}
        record |= {**sources_of(content, styles, (), ()), "settings": recorded_settings(self._settings)}
        notes[:0] = [f"{source}: {note}" for note in clip.facts.notes] + list(job.notes)
        return Inputs(clip, job, self._network, self._settings, options, store, record, output, notes)

    @cached_property
    def _network(self) -> VGG19:
        return self._wanted if isinstance(self._wanted, VGG19) else network_for(self._settings)


def identity_of(inputs: Inputs) -> dict[str, Any]:
    """All that decides the bytes of the frames; not how many of them are painted, nor how they are encoded."""
    decisive = ("start", "every", "temporal_weight", "frame_iterations", "long_term", "cuts", "flow")
    own = {name: getattr(inputs.options, name) for name in decisive}
    own |= {"flow": str(inputs.options.flow or "")}
    return {"the clip": inputs.clip.facts.identity, **own, **run_identity(inputs.network, [inputs.job], devices=1)}


def frames_beside(output: Path) -> Path:
    """The folder of finished frames beside a video."""
    return output.with_name(f"{output.name}.frames")


def painted_shape(facts: ClipFacts, settings: Settings, *, even: bool) -> Shape:
    """Height and width of the painted frames.

    Args:
        facts: of the clip.
        settings: whose `size` decides.
        even: whether both are rounded to even numbers, as a video with colors at half the size needs.
    """
    height, width = facts.height, facts.width
    if settings.size != "native":
        height, width = fit_side(height, width, settings.size, settings)
    return (max(2, height + height % 2), max(2, width + width % 2)) if even else (height, width)

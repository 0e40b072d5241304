"""The public function for clips: `stylize_video`."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from stylejax.errors import SettingsError
from stylejax.files.atomic import check_writable
from stylejax.files.user_paths import user_path
from stylejax.images.picture import Picture
from stylejax.images.resize import resize
from stylejax.network.vgg import VGG19
from stylejax.run.checkpoint.fingerprint import run_identity
from stylejax.run.inputs.prepare import job_from, network_for, sources_of
from stylejax.run.inputs.reader import ImageSource, Reader
from stylejax.settings.pyramid import fit_side
from stylejax.settings.recipes import settings_from
from stylejax.settings.record import recorded_settings
from stylejax.settings.settings import Settings
from stylejax.types import Shape
from stylejax.version import VERSION
from stylejax.video.media.clip import Clip, ClipFacts, Selection, VideoError
from stylejax.video.media.encode import check_video_output
from stylejax.video.media.open import open_clip
from stylejax.video.media.store import FrameStore
from stylejax.video.options import VideoOptions
from stylejax.video.progress import StylizedVideo, VideoInterrupted, VideoProgress
from stylejax.video.run import Inputs, Painted, Stopped, VideoRun
from stylejax.video.steps import motion_finder


def stylize_video(
    clip: str | Path,
    *styles: ImageSource,
    output: str | Path,
    settings: Settings | None = None,
    video: VideoOptions | None = None,
    model: str | Path | VGG19 | None = None,
    observe: Callable[[VideoProgress], None] | None = None,
    warn: Callable[[str], None] | None = None,
    **options: Any,
) -> StylizedVideo:
    """Paint a clip: every frame from the painting before it, moved along, and held to that.

    Finished frames are kept in a folder beside the output until all are painted; the same call goes on from them, and ends
    with the same bytes.

    Args:
        clip: a video file, or a folder of frames.
        *styles: one style or several, mixed by `style_blend`.
        output: a video (.mp4, .mov, .mkv or .webm), or a folder for the frames.
        settings: as for `stylize`; `size` is that of the frames.
        video: which frames are painted, and how they hold together.
        model: as for `stylize`.
        observe: called with the `VideoProgress` after every few steps, and for each frame that is finished, or was before.
        warn: called with one line about each frame that cannot be decoded.
        **options: fields of `Settings` and of `VideoOptions` in place of those above.

    Raises:
        VideoError: the clip cannot be read, the video cannot be written, or the frames that are kept are of another run.
        MissingExtraError: PyAV or OpenCV is not installed.
        VideoInterrupted: on Ctrl-C; a `KeyboardInterrupt` whose result is a shorter video.
        StylejaxError: as for `stylize`.

    Example:
        >>> import stylejax
        >>> stylejax.stylize_video("waves.mp4", "starry_night.jpg", output="painted.mp4", size=480)  # doctest: +SKIP
    """
    notes: list[str] = []

    def tell(problem: str) -> None:
        notes.append(problem)
        if warn:
            warn(problem)

    own = {field.name for field in dataclasses.fields(VideoOptions)}
    video = dataclasses.replace(video or VideoOptions(), **{name: value for name, value in options.items() if name in own})
    if model is not None:
        options |= {"model": model.spec.name if isinstance(model, VGG19) else str(model)}
    chosen = settings_from({name: value for name, value in options.items() if name not in own}, base=settings)
    place, source = user_path(output, error=VideoError), user_path(clip, error=VideoError)
    as_video = bool(place.suffix)
    store = FrameStore(video.frames or (frames_beside(place) if as_video else place))
    if as_video:
        check_video_output(place, codec=video.codec)
    check_writable(store.place(1), error=VideoError)
    find = motion_finder(video)
    opened = open_clip(source, rate=video.fps, warn=tell)
    inputs = _inputs(opened, styles, chosen, video, store, even=as_video, network=model)
    notes[:0] = [f"{source}: {note}" for note in opened.facts.notes] + list(inputs.job.notes)

    def result(painted: Painted, *, whole: bool) -> StylizedVideo:
        kept = video.frames is not None or not as_video or not whole
        where, told, record = store.folder if kept else None, tuple(dict.fromkeys(notes)), inputs.record
        return StylizedVideo(place, painted.frames, painted.scenes, painted.facts, where, chosen, video, record, told)

    with store.claimed(_identity(inputs)):
        try:
            painted = VideoRun(inputs, find, observe or (lambda progress: None)).paint(place if as_video else None)
        except Stopped as stopped:
            raise VideoInterrupted(result(stopped.painted, whole=False) if stopped.painted.frames else None) from None
        if as_video and video.frames is None:
            store.remove()
    return result(painted, whole=True)


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


def _inputs(
    clip: Clip,
    styles: tuple[ImageSource, ...],
    settings: Settings,
    video: VideoOptions,
    store: FrameStore,
    *,
    even: bool,
    network: str | Path | VGG19 | None,
) -> Inputs:
    if not styles:
        raise SettingsError("got no style picture; give at least one")
    frame = next(Selection(video.start, video.last, 1).of(clip), None)
    if frame is None:
        raise VideoError(f"{clip.facts.source} has no frame from {video.start:g} s on; begin earlier")
    shape = painted_shape(clip.facts, settings, even=even)
    pixels = resize(frame.pixels.astype(np.float32) / np.float32(255), *shape)
    reader, native = Reader(), dataclasses.replace(settings, size="native")
    read = [reader.read(style, proof=settings.proof) for style in styles]
    content = reader.read(Picture(pixels, None, clip.facts.source), proof=settings.proof)
    job = job_from(reader, content, read, (), (), native)
    model = network if isinstance(network, VGG19) else network_for(settings)
    record = {"program": "stylejax", "version": VERSION, "network": model.spec.name}
    record |= {**sources_of(content, read, (), ()), "settings": recorded_settings(settings)}
    return Inputs(clip, job, model, video, store, record)


def _identity(inputs: Inputs) -> dict[str, Any]:
    """All that decides the bytes of the frames; not how many of them are painted, nor how they are encoded."""
    decisive = ("start", "every", "temporal_weight", "frame_iterations", "long_term", "cuts", "flow")
    own = {name: getattr(inputs.options, name) for name in decisive}
    own |= {"flow": str(inputs.options.flow or "")}
    return {"the clip": inputs.clip.facts.identity, **own, **run_identity(inputs.network, [inputs.job], devices=1)}

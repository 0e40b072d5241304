"""Finished frames in a folder, from which an interrupted run goes on: PNG files with the facts of the frame in them.

One run at a time uses a folder: it holds the lock of `.stylejax-lock`, which the system releases when the process ends, however
it ends.
"""

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from filelock import FileLock, Timeout

from stylejax.errors import ImageError
from stylejax.files.atomic import RESERVED_PREFIX, make_folder, save_file, temporary_files
from stylejax.files.bounded_read import parse_json
from stylejax.files.lock import WITHOUT_LOCKS
from stylejax.images.io.metadata import read_metadata
from stylejax.images.io.read import read_picture
from stylejax.images.io.write import write_picture
from stylejax.run.checkpoint.fingerprint import difference
from stylejax.types import HostImage, Shape
from stylejax.video.age import Age, as_text, from_text
from stylejax.video.media.clip import GO_ON, VideoError, reason

_RUN = "run.json"


class FrameFacts(NamedTuple):
    """What a finished frame took, and how still it holds."""

    steps: int
    total: float
    """The total loss of the last step."""
    flicker: float | None
    """Warping error from the frame before (`motion.flicker`); None for the first of a scene."""
    clip_flicker: float | None
    """The same of the clip's own frames."""

    @classmethod
    def read(cls, facts: dict[str, Any]) -> "FrameFacts":
        """From the metadata of a frame; raises KeyError, TypeError or ValueError where they are something else."""
        flicker = [None if facts[name] is None else float(facts[name]) for name in ("flicker", "clip_flicker")]
        return cls(int(facts["steps"]), float(facts["total"]), *flicker)


class Kept(NamedTuple):
    """A finished frame."""

    pixels: HostImage
    """As the file has them, in 8 bits: the next frame starts from these, whether or not the run was interrupted."""
    scene: int
    """The first frame of its scene."""
    loss: float
    """With which that one ended."""
    age: Age
    facts: FrameFacts


class FrameStore:
    """The finished frames of a run, by their number from 1."""

    def __init__(self, folder: Path):
        """Of a run that keeps its frames in `folder`."""
        self.folder = folder
        self._lock = FileLock(folder / f"{RESERVED_PREFIX}lock", thread_local=False)

    @contextmanager
    def claimed(self, identity: dict[str, Any]) -> Iterator[None]:
        """Claim the folder for the run of this identity until the block ends.

        Raises:
            VideoError: another run uses it or has left its frames there, or it cannot be written.
        """
        try:
            make_folder(self.folder)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise VideoError(f"another run keeps its frames in {self.folder}; wait for it, or name another output") from None
        except OSError as problem:
            if problem.errno not in WITHOUT_LOCKS:
                raise VideoError(f"{self.folder} cannot be written: {reason(problem)}; name another output") from None
        try:
            self._begin(json.loads(json.dumps(identity)))
            yield
        finally:
            with suppress(OSError):
                Path(self._lock.lock_file).unlink(missing_ok=True)
                if not any(self.folder.iterdir()):
                    self.folder.rmdir()
            self._lock.release()

    def _begin(self, identity: dict[str, Any]) -> None:
        place = self.folder / _RUN
        if place.exists():
            try:
                before = parse_json(place.read_text())
            except (OSError, ValueError):
                before = None
            if not isinstance(before, dict):
                raise VideoError(f"{place} is damaged; remove {self.folder}, or name another place")
            if differs := difference(identity, before):
                raise VideoError(
                    f"{self.folder} has the frames of another run: {differs}; finish that one, remove the folder, or "
                    "name another output"
                )
        elif any(self.folder.glob("*.png")):
            raise VideoError(f"{self.folder} has pictures of another origin; name another folder for the frames")
        else:
            save_file(place, json.dumps(identity, indent=1).encode())
        for left in temporary_files(self.folder):
            left.unlink(missing_ok=True)

    def place(self, number: int) -> Path:
        """Where the frame of this number is kept."""
        return self.folder / f"{number:06d}.png"

    def keep(self, number: int, kept: Kept, record: dict[str, Any]) -> Kept:
        """Write a frame with the record of its run; returns it as it would be read.

        Raises:
            VideoError: it cannot be written; the frames before it are whole.
        """
        facts = {"frame": number, "scene": kept.scene, "loss": kept.loss, "age": as_text(kept.age), **kept.facts._asdict()}
        try:
            write_picture(self.place(number), kept.pixels, metadata=record | facts)
        except ImageError as problem:
            raise VideoError(f"{problem}; {GO_ON}") from None
        levels = np.rint(255 * np.clip(kept.pixels, 0, 1)).astype(np.uint8)
        return kept._replace(pixels=levels.astype(np.float32) / np.float32(255))

    def read(self, number: int, *, shape: Shape) -> Kept | None:
        """A finished frame; None where it is missing, damaged or of another shape, and has to be painted again."""
        place = self.place(number)
        if not place.exists():
            return None
        try:
            facts, pixels = read_metadata(place) or {}, read_picture(place).pixels
            age = from_text(facts["age"], *shape)
            kept = Kept(pixels, int(facts["scene"]), float(facts["loss"]), age, FrameFacts.read(facts))
            return kept if pixels.shape[:2] == shape else None
        except (ImageError, KeyError, TypeError, ValueError, zlib.error):
            return None

    def remove(self) -> None:
        """Remove the frames and what is known of the run."""
        for path in (*self.folder.glob("[0-9]*.png"), self.folder / _RUN):
            path.unlink(missing_ok=True)

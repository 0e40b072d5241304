"""Frames as pictures in a folder, in the order of the numbers in their names."""

import hashlib
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from stylejax.errors import ImageError
from stylejax.images.io.encode import SUFFIXES
from stylejax.images.io.read import read_picture, read_shape
from stylejax.images.transparency import fill_transparent
from stylejax.video.media.clip import ClipFacts, ClipFrame, VideoError


class FrameFolder:
    """A clip whose frames are pictures."""

    def __init__(self, folder: Path, *, rate: float, warn: Callable[[str], None] = lambda problem: None):
        """List the pictures of a folder.

        Args:
            folder: with one picture for each frame.
            rate: frames a second.
            warn: called with one line for each picture that cannot be read.

        Raises:
            VideoError: it contains no picture.
            ImageError: the first picture cannot be read.
        """
        self._warn = warn
        self._paths = sorted((path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES), key=_number)
        if not self._paths:
            raise VideoError(f"{folder} has no pictures; wanted frames such as 000001.png")
        height, width = read_shape(self._paths[0])
        exact = Fraction(rate).limit_denominator(1001)
        self.facts = ClipFacts(
            source=str(folder),
            height=height,
            width=width,
            rate=exact,
            time_base=1 / exact,
            frames=len(self._paths),
            identity=_hash(self._paths),
        )

    def frames(self, start: Fraction) -> Iterator[ClipFrame]:
        """The frames from `start` seconds on; one that cannot be read is left out, so that the one before it lasts longer."""
        for number, path in enumerate(self._paths):
            time = number / self.facts.rate
            if time < start:
                continue
            try:
                picture = fill_transparent(read_picture(path))
            except ImageError as problem:
                self._warn(f"{problem}; the frame before it stays")
                continue
            yield ClipFrame(time, np.rint(255 * picture.pixels).astype(np.uint8))


def _number(path: Path) -> tuple[list[int], str]:
    return [int(digits) for digits in re.findall(r"\d+", path.stem)], path.name


def _hash(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()

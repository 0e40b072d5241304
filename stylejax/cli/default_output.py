"""Where the result of two pictures goes when nobody says."""

import contextlib
import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from stylejax.errors import StylejaxError

STREAM = Path("-")
"""Stands for standard input or output."""

LONGEST = 200
"""Bytes of a name before its suffix; file systems hold 255."""


def places_beside(content: Path, styles: Sequence[Path], suffix: str) -> Iterator[Path]:
    """Names of both pictures, beside the first: `town-starry_night.png`, `town-starry_night-2.png` ..."""
    name = os.fsencode("-".join([content.stem, *(style.stem for style in styles)]))[:LONGEST].decode(errors="ignore")
    yield content.with_name(f"{name}{suffix}")
    for number in itertools.count(2):
        yield content.with_name(f"{name}-{number}{suffix}")


def free_place(places: Iterator[Path]) -> Path:
    """The first of them that is not there."""
    return next(place for place in places if not os.path.lexists(place))


def claimed_place(places: Iterator[Path]) -> Path:
    """The first of them that is not there, made as an empty file, so that no other run takes it.

    Raises:
        StylejaxError: the folder cannot be written.
    """
    for place in places:
        with contextlib.suppress(FileExistsError):
            try:
                place.open("xb").close()
            except FileExistsError:
                raise
            except OSError as problem:
                raise StylejaxError(f"{place} cannot be written: {problem.strerror}; name another place with -o") from None
            return place
    raise AssertionError("places never end")

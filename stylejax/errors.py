"""Every error that stylejax raises on purpose.

Each message says what was got, what was wanted and what to do about it, in one line. The command line prints that line
and exits with code 2; a library caller catches `StylejaxError` or one of its kinds.
"""

from collections.abc import Iterable
from typing import Any

MAX_LENGTH = 400
"""Letters that are told of an error of others; compilers write pages."""


class StylejaxError(Exception):
    """Base of all errors that a user can cause and can mend."""


def one_line(problem: BaseException) -> str:
    """Any error in one line: ours as they are, memory that ran out in words, others after the name of their kind."""
    line = " ".join(str(problem).splitlines())
    if isinstance(problem, StylejaxError):
        return line
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror
    if isinstance(problem, MemoryError):
        return f"it needs more memory than there is{f' ({line})' if line else ''}; make it smaller"
    kind = type(problem).__name__
    return f"{kind}: {line[:MAX_LENGTH]}" if line else kind


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.0) -> str:
    """The known name that is most like `word`, for `did you mean ...?`; empty where none is as alike as `cutoff`, 0 to 1."""
    import difflib  # only a mistake needs it

    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff)), "")


class UsageError(StylejaxError):
    """A command line cannot be understood."""


class ImageError(StylejaxError):
    """A picture cannot be read, has an impossible size, or cannot be written."""


class WeightsError(StylejaxError):
    """A weight file is missing, damaged, of another network, or cannot be fetched or converted."""


class SettingsError(StylejaxError):
    """A setting has a value that no run can use: an unknown layer, a negative weight, a size too small."""


class OutOfMemoryError(StylejaxError):
    """A run needs more memory than there is. Raised before it starts; the message says what would fit."""


class NonFiniteError(StylejaxError):
    """The loss stopped being finite; the message names the scale and the step.

    Attributes:
        painting: the `StylizedImage` with the last good picture.
    """

    def __init__(self, message: str, painting: Any):
        super().__init__(message)
        self.painting = painting


class CheckpointError(StylejaxError):
    """A checkpoint is of another run, in use, damaged, or its folder cannot be used."""


class MissingExtraError(StylejaxError):
    """An optional package is needed; the message names the extra that installs it."""

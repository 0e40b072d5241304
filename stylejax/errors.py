"""All exceptions that stylejax raises deliberately.

Each message is one line that states the problem, the expected value, and a correction. The command line prints the message and
exits with code 2. Library code catches `StylejaxError` or a subclass.
"""

from collections.abc import Iterable
from typing import Any

MAX_LENGTH = 400
"""Maximum number of characters of a foreign error message; compilers write pages."""


class StylejaxError(Exception):
    """Base class of all errors that a user can cause and correct."""


def one_line(problem: BaseException) -> str:
    """Describe any exception in one line; foreign exceptions are prefixed with the name of their class."""
    line = " ".join(str(problem).splitlines())
    if isinstance(problem, StylejaxError):
        return line
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror
    if isinstance(problem, MemoryError):
        return f"it needs more memory than is available{f' ({line})' if line else ''}; make it smaller"
    kind = type(problem).__name__
    return f"{kind}: {line[:MAX_LENGTH]}" if line else kind


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.0) -> str:
    """The known name that is most like `word`, for `did you mean ...?`; empty where none is as alike as `cutoff`, 0 to 1."""
    import difflib  # only a mistake needs it

    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff)), "")


class UsageError(StylejaxError):
    """The command line is invalid."""


class ImageError(StylejaxError):
    """A picture cannot be read or written, or has an invalid size."""


class WeightsError(StylejaxError):
    """A weight file is missing, damaged, for another network, or cannot be fetched or converted."""


class SettingsError(StylejaxError):
    """A setting has an invalid value, such as an unknown layer, a negative weight, or a size that is too small."""


class OutOfMemoryError(StylejaxError):
    """A run needs more memory than is available. Raised before the run starts; the message lists changes that would fit."""


class NonFiniteError(StylejaxError):
    """The loss is NaN or infinite; the message states the scale and the step.

    Attributes:
        result: the `StylizedImage` with the last picture whose loss was finite.
    """

    def __init__(self, message: str, result: Any):
        super().__init__(message)
        self.result = result


class CheckpointError(StylejaxError):
    """A checkpoint belongs to another run, is in use or damaged, or its folder cannot be used."""


class MissingExtraError(StylejaxError):
    """An optional package is not installed; the message names the extra that installs it."""

"""One rule for paths that users write, in flags, table columns, function arguments and environment variables.

A leading `~` or `~name` is a home folder, as in shells; if there is no such user, it is an ordinary name. Paths found by a glob
pattern were not written by a user and are not expanded.
"""

import os
from pathlib import Path

from stylejax.errors import StylejaxError
from stylejax.files.file_names import check_encoding


def expand_home(place: str) -> str:
    """The path or URL with a leading `~` expanded."""
    return os.path.expanduser(place)  # noqa: PTH111 - Path.expanduser rejects unknown users


def user_path(path: str | os.PathLike[str], *, error: type[StylejaxError] = StylejaxError) -> Path:
    """A `Path` from user input, with a leading `~` expanded.

    Raises:
        StylejaxError: or the given `error`: the path is empty, or no file can have it.
    """
    text = os.fspath(path)
    if not text:
        raise error("got an empty path; name a file or a folder")
    try:
        check_encoding("the path", text)
    except StylejaxError as problem:
        raise error(str(problem)) from None
    return Path(expand_home(text))

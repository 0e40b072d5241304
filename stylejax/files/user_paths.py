"""One rule for the paths that people give, to a flag, a column, a function or a variable of the environment.

`~` and `~name` at the beginning are the home of a user, as shells have it; where there is no such user, it is a name like any
other. What a pattern found is nothing that anybody wrote, and does not come here.
"""

import os
from pathlib import Path

from stylejax.errors import StylejaxError
from stylejax.files.file_names import check_encoding


def expand_home(place: str) -> str:
    """A path or URL as it is meant."""
    return os.path.expanduser(place)  # noqa: PTH111 - Path.expanduser refuses users whom it does not know


def user_path(path: str | os.PathLike[str], *, error: type[StylejaxError] = StylejaxError) -> Path:
    """A path as it is meant.

    Raises:
        StylejaxError: or the `error` given: it is empty, or no file can have it.
    """
    text = os.fspath(path)
    if not text:
        raise error("got an empty path; name a file or a folder")
    try:
        check_encoding("the path", text)
    except StylejaxError as problem:
        raise error(str(problem)) from None
    return Path(expand_home(text))

"""Places that are not on this machine: `gs://`, `s3://`, `az://` and `memory://`, through fsspec.

Only these schemes are taken, one at a time: a table of jobs may come from somebody else, and must not make this machine
open chained or arbitrary addresses.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

from stylejax.errors import MissingExtraError, StylejaxError

SCHEMES = ("memory", "gs", "s3", "az", "abfs", "abfss")
_URL = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://")
_SHORTENED = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+):/([^/].*)")  # two letters at least: one is a drive of Windows
_WAYS_OUT = {
    **dict.fromkeys(("http", "https", "ftp"), "stylejax opens no web address: download the file, such as with `curl -LO`"),
    "file": "give the path itself, without file://",
}


def is_url(place: object) -> bool:
    """Whether `place` is written as a URL, of whatever scheme."""
    return isinstance(place, str) and _URL.match(place) is not None


def as_url(place: str | os.PathLike[str]) -> str | None:
    """The URL that `place` is written as, if it is one; a `Path` of it has lost a slash, which it gets back."""
    text = os.fspath(place)
    if is_url(text):
        return text
    match = _SHORTENED.match(text)
    if match is None or os.path.lexists(text):
        return None
    return f"{match[1]}://{'/' if match[1] == 'file' else ''}{match[2]}"


def file_system(url: str) -> tuple[Any, str]:
    """The fsspec file system of a URL, and the path in it.

    Raises:
        StylejaxError: the scheme is not one of `SCHEMES`.
        MissingExtraError: its package is not installed.
    """
    import fsspec  # takes its time, and most runs need none of it

    match = _URL.match(url)
    scheme = match[1].lower() if match else ""
    if scheme in _WAYS_OUT:
        raise StylejaxError(f"{url} has the scheme {scheme!r}; {_WAYS_OUT[scheme]}")
    if scheme not in SCHEMES:
        raise StylejaxError(f"{url} has the scheme {scheme!r}; wanted a local path or one of {', '.join(SCHEMES)}")
    try:
        system = fsspec.filesystem(scheme)
    except ImportError as problem:
        raise MissingExtraError(f"{scheme}:// needs a package more: pip install 'stylejax[cloud]' ({problem})") from None
    return system, system._strip_protocol(url).rstrip("/")


def open_url(url: str) -> BinaryIO:
    """The file at `url`, open for reading; what is not read is mostly not fetched.

    Raises:
        OSError: the file does not exist or cannot be read.
    """
    system, path = file_system(url)
    return system.open(path, "rb", block_size=2**16)


def local_copy(url: str) -> BinaryIO:
    """A local, unnamed copy of the file at `url`, open for reading.

    Raises:
        OSError: the file does not exist or cannot be read.
    """
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        with open_url(url) as file:
            shutil.copyfileobj(file, copy)
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return copy


def change_stamp(place: str) -> list[Any]:
    """What changes when the file at `place` does: where it is, its size and when it was last written, or a bucket's own mark.

    Empty where there is no such file.
    """
    try:
        if not is_url(place):
            status = Path(place).stat()
            return [os.path.realpath(place), status.st_size, status.st_mtime_ns]
        system, path = file_system(place)
        facts = system.info(path)
    except (OSError, ValueError):
        return []
    marks = ("ETag", "etag", "md5Hash", "mtime", "updated", "LastModified", "last_modified", "created")
    return [place, facts.get("size"), str(next((facts[mark] for mark in marks if facts.get(mark)), None))]

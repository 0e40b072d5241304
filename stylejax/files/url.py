"""Files in buckets: `gs://`, `s3://`, `az://` and `memory://` URLs, opened with fsspec (the extra `cloud`).

Only these schemes are accepted, and no chained ones: a table of jobs may come from someone else and must not make this machine
open arbitrary addresses.
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
_SHORTENED = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+):/([^/].*)")  # at least two letters: one is a Windows drive
_ADVICE = {
    **dict.fromkeys(("http", "https", "ftp"), "stylejax opens no web address: download the file, such as with `curl -LO`"),
    "file": "give the path itself, without file://",
}


def is_url(place: object) -> bool:
    """Whether `place` is written as a URL, of any scheme."""
    return isinstance(place, str) and _URL.match(place) is not None


def as_url(place: str | os.PathLike[str]) -> str | None:
    """The URL that `place` is, or None; a `Path` made of a URL has lost a slash, which is restored."""
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
        MissingExtraError: fsspec, or its package for the scheme, is not installed.
    """
    match = _URL.match(url)
    scheme = match[1].lower() if match else ""
    if scheme in _ADVICE:
        raise StylejaxError(f"{url} has the scheme {scheme!r}; {_ADVICE[scheme]}")
    if scheme not in SCHEMES:
        raise StylejaxError(f"{url} has the scheme {scheme!r}; wanted a local path or one of {', '.join(SCHEMES)}")
    try:
        import fsspec

        system = fsspec.filesystem(scheme)
    except ImportError as problem:
        raise MissingExtraError(f"{scheme}:// needs another package: pip install 'stylejax[cloud]' ({problem})") from None
    return system, system._strip_protocol(url).rstrip("/")


def open_url(url: str) -> BinaryIO:
    """Open the file at `url` for reading; only the parts that are read are fetched, in blocks.

    Raises:
        OSError: the file does not exist or cannot be read.
    """
    system, path = file_system(url)
    return system.open(path, "rb", block_size=2**16)


def local_copy(url: str) -> BinaryIO:
    """Copy the file at `url` to an unnamed local file, open for reading.

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
    """Values that change when the file at `place` does: path, size and modification time, or the bucket's version mark.

    Empty if there is no such file.
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

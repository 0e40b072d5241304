"""File names: which ones may be written below a folder, which ones its file system accepts, and how to print any of them.

Names come from tables and folder listings and may contain anything: bytes that are not UTF-8 (which Python represents as lone
surrogates), control characters, more characters than a file system allows.
"""

import os
import posixpath
import unicodedata
from pathlib import Path

from stylejax.errors import StylejaxError
from stylejax.files.atomic import TEMPORARY_LENGTH
from stylejax.files.url import is_url

LONGEST_PART, LONGEST_PATH, LONGEST_KEY = 255, 4096, 1024
"""Limits in bytes: of a path component and a whole path, where the file system states none, and of a name in a bucket."""
_UNSAFE = {"Cc", "Cs", "Zl", "Zp"}  # control characters, surrogates, line separators
_BIDI = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # change the reading direction


def printable(text: str) -> str:
    """The text on one line of any terminal; control characters, line separators and lone surrogates become escapes."""
    return "".join(letter if _is_plain(letter) else _escaped(letter) for letter in text)


def check_encoding(what: str, name: str) -> None:
    """Raise StylejaxError if no file on this system can have this name; `what` is its role in the message."""
    try:
        good = b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:
        good = False
    if not good:
        raise StylejaxError(f"{what} {printable(name)} has characters that no file name can have; correct it")


def checked_name(name: str) -> str:
    """The normalized name of an output, a path relative to the output folder.

    Raises:
        StylejaxError: it is empty, absolute, leads out of the folder, works on one operating system only, or cannot be a file
            name.
    """
    wanted = "name a file inside the output folder, such as a/b.png"
    if not name.strip() or any(unicodedata.category(letter) == "Cc" for letter in name):
        raise StylejaxError(f"output {name!r} is empty or has control characters; {wanted}")
    check_encoding("output", name)
    if "\\" in name:
        raise StylejaxError(f"output {name!r} has backslashes; write {name.replace(chr(92), '/')!r}")
    if is_url(name) or name.startswith("/") or _starts_at_home(name) or _has_drive(name):
        raise StylejaxError(f"output {name!r} is absolute; {wanted}")
    if ".." in name.split("/"):
        raise StylejaxError(f"output {name!r} leads upwards; {wanted}")
    if name.endswith(("/", "/.")) or posixpath.normpath(name) == ".":
        raise StylejaxError(f"output {name!r} is a folder; {wanted}")
    return posixpath.normpath(name)


def result_name(found: str, *, utf8: bool = False) -> str:
    """The name of a result derived from that of an existing file: what `checked_name` rejects is percent-encoded.

    Args:
        found: the relative name to start from.
        utf8: also encode bytes that are not UTF-8, which names in a bucket cannot contain, as `%E9`.
    """
    parts = posixpath.normpath(found).lstrip("/").split("/")
    while parts and parts[0] == "..":
        parts.pop(0)
    name = "".join(_percent(letter) if _needs_encoding(letter, utf8) else letter for letter in "/".join(parts))
    return _percent(name[0]) + name[1:] if _starts_at_home(name) else name.replace(":", "%3A", 1) if _has_drive(name) else name


def check_length(name: str, folder: Path | None) -> None:
    """Raise StylejaxError if the name is too long for a file below `folder`, or below a bucket if that is None."""
    if folder is None:
        part, whole, path = LONGEST_KEY, LONGEST_KEY + 1, result_name(name, utf8=True)
        if path != name:
            raise StylejaxError(f"output {printable(name)} is not UTF-8, as names in a bucket must be; write {path}")
    else:
        (part, whole), path = _limits(folder), os.path.join(os.path.realpath(folder), name)  # noqa: PTH118
    longest = max(name.split("/"), key=lambda each: len(os.fsencode(each)))
    for each, size, most in ((longest, len(os.fsencode(longest)), part), (name, _longest_path(path), whole - 1)):
        if size > most:
            short = printable(each) if len(each) <= 60 else f"{printable(each[:40])}...{printable(each[-12:])}"
            raise StylejaxError(f"output {short} takes {size} bytes as a file name, and {most} are allowed there; shorten it")


def _longest_path(path: str) -> int:
    """Bytes of the longest path in use while a file is written: its own or that of the temporary file."""
    last = os.fsencode(path.rpartition("/")[2])
    return len(os.fsencode(path)) - len(last) + max(len(last), TEMPORARY_LENGTH)


def _limits(folder: Path) -> tuple[int, int]:
    try:
        existing = next(each for each in (folder, *folder.parents) if each.is_dir())
        return os.pathconf(existing, "PC_NAME_MAX"), os.pathconf(existing, "PC_PATH_MAX")
    except (OSError, ValueError, AttributeError, StopIteration):  # not a POSIX system, or an impossible folder
        return LONGEST_PART, LONGEST_PATH


def _starts_at_home(name: str) -> bool:
    return name == "~" or name.startswith("~/")


def _has_drive(name: str) -> bool:
    """Whether Windows would read the name as a path on another drive."""
    return name[1:2] == ":" and (name[2:3] == "/" or os.name == "nt")


def _needs_encoding(letter: str, utf8: bool) -> bool:
    return letter == "\\" or unicodedata.category(letter) == "Cc" or (utf8 and unicodedata.category(letter) == "Cs")


def _percent(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in os.fsencode(letter))


def _is_plain(letter: str) -> bool:
    return unicodedata.category(letter) not in _UNSAFE and letter not in _BIDI


def _escaped(letter: str) -> str:
    byte = ord(letter) - 0xDC00  # how Python represents a byte that is not UTF-8
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else letter.encode("unicode_escape").decode()

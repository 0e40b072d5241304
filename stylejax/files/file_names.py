"""Names of files: which may be written below a folder, which its file system takes, and how any of them is shown.

Names come from tables and from folders and hold whatever there is: bytes that are no UTF-8 (which Python carries as lone
surrogates), control characters, more letters than a file can have. All that is decided about a name is decided here.
"""

import os
import posixpath
import unicodedata
from pathlib import Path

from stylejax.errors import StylejaxError
from stylejax.files.url import is_url

LONGEST_PART, LONGEST_PATH, LONGEST_KEY = 255, 4096, 1024
"""Bytes of a part of a path and of a whole one, where the file system does not tell; and of a name in a bucket."""
TEMPORARY = 46
"""Bytes of the names that files have while they are written (`files.atomic`)."""
_UNSAFE = {"Cc", "Cs", "Zl", "Zp"}  # control characters, surrogates, separators of lines
_TURNS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # these change the order of what is read


def printable(text: str) -> str:
    """The text on one line of any terminal: what is no character, ends lines or moves the cursor is written as an escape."""
    return "".join(letter if _is_plain(letter) else _escaped(letter) for letter in text)


def check_encoding(what: str, name: str) -> None:
    """Raise StylejaxError when no file of this system can have this name; `what` is what the message calls it."""
    try:
        good = b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:
        good = False
    if not good:
        raise StylejaxError(f"{what} {printable(name)} has characters that no file name can have; correct it")


def checked_name(name: str) -> str:
    """The name in its plainest form.

    Raises:
        StylejaxError: it is empty, absolute, leads out of its folder, is written for one operating system only, or can be the
            name of no file.
    """
    wanted = "name a file inside the output folder, such as a/b.png"
    if not name.strip() or any(unicodedata.category(letter) == "Cc" for letter in name):
        raise StylejaxError(f"output {name!r} is empty or has control characters; {wanted}")
    check_encoding("output", name)
    if "\\" in name:
        raise StylejaxError(f"output {name!r} has backslashes; write {name.replace(chr(92), '/')!r}")
    if is_url(name) or name.startswith("/") or _of_home(name) or _of_drive(name):
        raise StylejaxError(f"output {name!r} is absolute; {wanted}")
    if ".." in name.split("/"):
        raise StylejaxError(f"output {name!r} leads upwards; {wanted}")
    if name.endswith(("/", "/.")) or posixpath.normpath(name) == ".":
        raise StylejaxError(f"output {name!r} is a folder; {wanted}")
    return posixpath.normpath(name)


def result_name(found: str, *, utf8: bool = False) -> str:
    """The name of a result that is called after a file which is there: as it is but for what `checked_name` refuses.

    Args:
        found: the relative name to begin with.
        utf8: bytes that are no UTF-8, which a bucket's names cannot have, are written as `%E9`, too.
    """
    parts = posixpath.normpath(found).lstrip("/").split("/")
    while parts and parts[0] == "..":
        parts.pop(0)
    name = "".join(_percent(letter) if _odd(letter, utf8) else letter for letter in "/".join(parts))
    return _percent(name[0]) + name[1:] if _of_home(name) else name.replace(":", "%3A", 1) if _of_drive(name) else name


def check_length(name: str, folder: Path | None) -> None:
    """Raise StylejaxError when there can be no file of this name below `folder`, None for a bucket: its name is too long."""
    if folder is None:
        part, whole, path = LONGEST_KEY, LONGEST_KEY + 1, result_name(name, utf8=True)
        if path != name:
            raise StylejaxError(f"output {printable(name)} is no UTF-8, as names in a bucket are; write {path}")
    else:
        (part, whole), path = _limits(folder), os.path.join(os.path.realpath(folder), name)  # noqa: PTH118
    longest = max(name.split("/"), key=lambda each: len(os.fsencode(each)))
    for each, size, most in ((longest, len(os.fsencode(longest)), part), (name, _written(path), whole - 1)):
        if size > most:
            short = printable(each) if len(each) <= 60 else f"{printable(each[:40])}...{printable(each[-12:])}"
            raise StylejaxError(f"output {short} takes {size} bytes as a file name, and {most} are allowed there; shorten it")


def _written(path: str) -> int:
    """Bytes of the longest path that is needed to write a file."""
    last = os.fsencode(path.rpartition("/")[2])
    return len(os.fsencode(path)) - len(last) + max(len(last), TEMPORARY)


def _limits(folder: Path) -> tuple[int, int]:
    try:
        there = next(each for each in (folder, *folder.parents) if each.is_dir())
        return os.pathconf(there, "PC_NAME_MAX"), os.pathconf(there, "PC_PATH_MAX")
    except (OSError, ValueError, AttributeError, StopIteration):  # not a POSIX system, or a folder that cannot be
        return LONGEST_PART, LONGEST_PATH


def _of_home(name: str) -> bool:
    return name == "~" or name.startswith("~/")


def _of_drive(name: str) -> bool:
    """Whether Windows would take the name for a place on another drive."""
    return name[1:2] == ":" and (name[2:3] == "/" or os.name == "nt")


def _odd(letter: str, utf8: bool) -> bool:
    return letter == "\\" or unicodedata.category(letter) == "Cc" or (utf8 and unicodedata.category(letter) == "Cs")


def _percent(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in os.fsencode(letter))


def _is_plain(letter: str) -> bool:
    return unicodedata.category(letter) not in _UNSAFE and letter not in _TURNS


def _escaped(letter: str) -> str:
    byte = ord(letter) - 0xDC00  # how Python carries a byte that is no UTF-8
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else letter.encode("unicode_escape").decode()

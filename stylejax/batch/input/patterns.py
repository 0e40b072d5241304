"""Rows without a table: every content that matches a pattern with every style, or each with one.

A match is an existing file: its name is never expanded again and never refused.
"""

import glob
import itertools
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from stylejax.choices import Pairing
from stylejax.errors import StylejaxError
from stylejax.files.file_names import result_name
from stylejax.files.folder import Folder
from stylejax.files.url import file_system, is_url


def matched(
    contents: Sequence[str], styles: Sequence[str], pair: Pairing, suffix: str, folder: Folder
) -> list[tuple[int, dict[str, Any]]]:
    """The rows' cells, as `cells.read_table` returns them. Outputs keep the contents' folders below the pattern's first `*`.

    Files in the output `folder`, which may lie below the photographs, are not contents.

    Raises:
        StylejaxError: a pattern matches nothing, or there are not as many contents as styles to pair.
    """
    found = [each for pattern in contents for each in _find(pattern) if not folder.contains(each[0])]
    if not found:
        raise StylejaxError(f"all that matches lies in the output folder {folder.place}; name another folder for the results")
    paintings = [(place, PurePath(place).stem) for pattern in styles for place, _ in _find(pattern)]
    if pair == "zip" and len(found) != len(paintings):
        raise StylejaxError(
            f"got {len(found)} contents and {len(paintings)} styles to pair one with one; give as many of each, or --pair cross"
        )
    names, ends = _distinct(found), _distinct(paintings)
    pairs = zip(found, paintings, strict=True) if pair == "zip" else itertools.product(found, paintings)
    cells, taken = [], set()
    for number, (content, style) in enumerate(dict.fromkeys((one, other) for (one, _), (other, _) in pairs), start=1):
        name = result_name(f"{names[content]}-{ends[style]}", utf8=folder.local is None)
        cells.append((number, {"content": content, "style": [style], "output": _first_free(name, suffix, taken)}))
    return cells


def _distinct(found: Sequence[tuple[str, str]]) -> dict[str, str]:
    """A name for each place, including its suffix where two names would be the same."""
    twins = Counter(name.casefold() for name in dict(found).values())
    return {place: name + PurePath(place).suffix if twins[name.casefold()] > 1 else name for place, name in found}


def _first_free(name: str, suffix: str, taken: set[str]) -> str:
    """The name, with a number if it is taken; adds it to `taken`."""
    names = itertools.chain([name + suffix], (f"{name}-{number}{suffix}" for number in itertools.count(2)))
    free = next(each for each in names if each.casefold() not in taken)
    taken.add(free.casefold())
    return free


def _find(pattern: str) -> list[tuple[str, str]]:
    """Every file that matches a pattern, and its name below the pattern's fixed part, without suffix."""
    fixed, rest = _divided(pattern)
    if not rest:
        if _is_folder(pattern):
            raise StylejaxError(f"{pattern} is a folder; name what is in it, such as '{pattern.rstrip('/')}/*.jpg'")
        return [(pattern, os.path.splitext(pattern.rpartition("/")[2])[0])]  # noqa: PTH122
    root = "".join(f"{part}/" for part in fixed)
    places = [place for place in _glob(glob.escape(root) + "/".join(rest)) if not _is_folder(place)]
    if not places:
        raise StylejaxError(f"no file matches {pattern}; check the pattern, and quote it so that the shell leaves it alone")
    return [(place, os.path.splitext(place[len(root) :].lstrip("/"))[0]) for place in places]  # noqa: PTH122


def _divided(pattern: str) -> tuple[list[str], list[str]]:
    """The parts of a pattern before and from the first wildcard. A part that exists as it is written has no wildcard."""
    parts = pattern.split("/")
    for number, part in enumerate(parts):
        if glob.has_magic(part) and not _exists("/".join(parts[: number + 1])):
            return parts[:number], parts[number:]
    return parts, []


def _glob(pattern: str) -> list[str]:
    if not is_url(pattern):
        return sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207
    system, path = file_system(pattern)
    scheme = pattern.partition("://")[0]
    return [f"{scheme}://{each.lstrip('/')}" for each in sorted(system.glob(path))]


def _exists(place: str) -> bool:
    if not is_url(place):
        return os.path.lexists(place)
    system, path = file_system(place)
    return system.exists(path)


def _is_folder(place: str) -> bool:
    if not is_url(place):
        return os.path.isdir(place)  # noqa: PTH112
    system, path = file_system(place)
    return system.isdir(path)

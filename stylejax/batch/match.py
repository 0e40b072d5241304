"""Rows without a table: every content that a pattern finds with every style, or one with one."""

import glob
import itertools
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from stylejax.choices import Pairing
from stylejax.errors import StylejaxError
from stylejax.files.folder import Folder
from stylejax.files.url import file_system, is_url


def matched(
    contents: Sequence[str], styles: Sequence[str], pair: Pairing, suffix: str, folder: Folder
) -> list[tuple[int, dict[str, Any]]]:
    """Cells as `table.read_table` gives them. Outputs keep the contents' folders below the pattern's first `*`.

    What lies in the output `folder` is no content: it may be below the photographs.

    Raises:
        StylejaxError: a pattern finds nothing, or the numbers do not go together.
    """
    found = [each for pattern in contents for each in _find(pattern) if not folder.holds(each[0])]
    if not found:
        raise StylejaxError(f"all that matches lies in the output folder {folder.place}; name another folder for the results")
    twins = Counter(name.casefold() for _, name in found)
    found = [(place, name + PurePath(place).suffix if twins[name.casefold()] > 1 else name) for place, name in found]
    paintings = [place for pattern in styles for place, _ in _find(pattern)]
    if pair == "zip" and len(found) != len(paintings):
        raise StylejaxError(
            f"got {len(found)} contents and {len(paintings)} styles to pair one with one; give as many of each, or --pair cross"
        )
    pairs = zip(found, paintings, strict=True) if pair == "zip" else itertools.product(found, paintings)
    return [
        (number, {"content": place, "style": [style], "output": f"{name}-{PurePath(style).stem}{suffix}"})
        for number, ((place, name), style) in enumerate(pairs, start=1)
    ]


def _find(pattern: str) -> list[tuple[str, str]]:
    """Every file that a pattern names, and its name below the pattern's fixed part, without suffix."""
    fixed = pattern[: min((pattern.index(letter) for letter in "*?[" if letter in pattern), default=len(pattern))]
    root = fixed.rpartition("/")[0]
    if is_url(pattern):
        system, path = file_system(pattern)
        scheme = pattern.partition("://")[0]
        places = [f"{scheme}://{each.lstrip('/')}" for each in sorted(system.glob(path)) if not system.isdir(each)]
    else:
        places = [place for place in sorted(glob.glob(pattern, recursive=True)) if not os.path.isdir(place)]  # noqa: PTH112, PTH207
        places = places or ([pattern] if fixed == pattern else [])
    if not places:
        raise StylejaxError(f"no file matches {pattern}; check the pattern, and quote it so that the shell leaves it alone")
    return [(place, os.path.splitext(place[len(root) :].lstrip("/"))[0]) for place in places]  # noqa: PTH122

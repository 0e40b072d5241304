"""From the cells of a table to rows. Columns are named as the flags.

`content` and `style` are required; `output`, `content_mask`, `style_mask` and every setting are optional. Relative paths start
at the folder of the table. An empty cell means the default. All rows are checked before any is executed, and all problems are
reported at once.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

from stylejax.batch.input.cells import LISTS, cells_by_name
from stylejax.batch.input.output_names import Outputs
from stylejax.batch.records import JobSpec, RowFailure
from stylejax.errors import StylejaxError, nearest
from stylejax.files.file_names import check_encoding, checked_name, printable, result_name
from stylejax.files.folder import Folder
from stylejax.files.url import is_url
from stylejax.files.user_paths import expand_home
from stylejax.images.io.write import check_format
from stylejax.settings.derived import PLACES, SETTINGS
from stylejax.settings.parse import parse_setting
from stylejax.settings.recipes import settings_from

COLUMNS = ("content", "output", *LISTS, *SETTINGS)


class BadRowsError(StylejaxError):
    """Some rows are invalid; the message has one line for each distinct reason.

    Attributes:
        problems: the line of each bad row, and its `RowFailure`.
    """

    def __init__(self, problems: Iterable[tuple[int, RowFailure]], *, rows: int = 0):
        """Describe `problems` in a table of so many `rows`."""
        self.problems = sorted(problems, key=lambda problem: problem[0])
        lines = lines_of(self.problems)
        if len(lines) == 1 and len(self.problems) == rows > 1:
            super().__init__(f"none of the {rows} rows can be painted: {printable(self.problems[0][1].reason)}")
        else:
            super().__init__(f"{len(self.problems)} bad rows; nothing was painted\n" + "\n".join(lines))


def lines_of(problems: Iterable[tuple[int, RowFailure]]) -> list[str]:
    """One line for each distinct reason, with the rows that fail for it."""
    together: dict[str, list[int]] = {}
    for number, failure in problems:
        together.setdefault(failure.reason, []).append(number)
    return [f"{_numbers(numbers)}: {printable(problem)}" for problem, numbers in together.items()]


def rows_of(
    cells: Iterable[tuple[int, Mapping[str, Any] | RowFailure]],
    defaults: Mapping[str, Any],
    *,
    folder: str = "",
    suffix: str = ".png",
    bits: int = 8,
    skip_bad: bool = False,
    check: Callable[[JobSpec], object] = lambda row: None,
    output: Folder | None = None,
) -> tuple[list[JobSpec], list[tuple[int, RowFailure]]]:
    """The rows, and why the others are left out.

    Args:
        cells: from `read_table`.
        defaults: settings of all rows, unless their cells override them.
        folder: where relative paths start, and `~` is the home of a user; without it places are kept as they are.
        suffix: of outputs that are not named.
        bits: depth of the results, which their formats must have.
        skip_bad: leave bad rows out.
        check: raises for a row that cannot be executed.
        output: the folder of the results, where two names may be one file; None to compare names alone.

    Raises:
        BadRowsError: some rows are invalid and `skip_bad` is not set, or all are.
        StylejaxError: there is no row at all.
    """
    rows, problems, outputs = [], [], Outputs(output)
    for number, values in cells:
        try:
            if isinstance(values, RowFailure):
                problems.append((number, values))
                continue
            row = _row(number, values, defaults, folder, suffix, bits)
            check(row)
            outputs.take(row)
            rows.append(row)
        except Exception as problem:  # a bad row must not cost a good one: its cells can make the checks raise anything
            problems.append((number, RowFailure.of("table", problem)))
    if problems and not (skip_bad and rows):
        raise BadRowsError(problems, rows=len(rows) + len(problems))
    if not rows:
        raise StylejaxError("got no picture to paint; give a table with at least one good row")
    return rows, problems


def _row(number: int, values: Mapping[str, Any], defaults: Mapping[str, Any], folder: str, suffix: str, bits: int) -> JobSpec:
    cells = {_column(name): value for name, value in cells_by_name(values.items()).items() if not _is_empty(value)}
    places = {name: [_place(name, place, folder) for place in _items(name, cells.pop(name, []))] for name in LISTS}
    content = _place("content", cells.pop("content", ""), folder)
    if not places["style"]:
        raise StylejaxError("has no style; name at least one picture in the column style")
    output = cells.pop("output", None)
    name = _name(content, places["style"]) + suffix if output is None else _text("output", output)
    name = checked_name(name)
    check_format(name, bits=bits)
    own = {each: parse_setting(each, value) for each, value in cells.items()}
    own |= {each: _place(each, own[each], folder) for each in PLACES if own.get(each) and own[each] not in SETTINGS[each].names}
    settings = settings_from({**defaults, **own})
    return JobSpec(
        number, content, tuple(places["style"]), name, settings, tuple(places["content_mask"]), tuple(places["style_mask"])
    )


def _name(content: str, styles: Iterable[str]) -> str:
    return result_name("-".join(PurePosixPath(place).stem for place in (content, *styles)))


def _column(name: str) -> str:
    if name not in COLUMNS:
        raise StylejaxError(f"no column is called {name!r}; did you mean {nearest(name, COLUMNS)!r}?")
    return name


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | tuple) and not value)


def _text(name: str, value: Any) -> str:
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str) or not text.strip():
        raise StylejaxError(f"{name} is {value!r}; it must be a path" if value else f"has no {name}; name a picture")
    return text


def _items(name: str, value: Any) -> list[Any]:
    if not isinstance(value, str | os.PathLike | list | tuple):
        raise StylejaxError(f"{name} is {value!r}; it must be a path or a list of paths")
    return list(value) if isinstance(value, list | tuple) else [value]


def _place(name: str, value: Any, folder: str) -> str:
    """The place of a cell's picture: a URL, or a path that starts at `folder`."""
    place = _text(name, value)
    check_encoding(name, place)
    if is_url(place) or not folder:
        return place
    path = os.path.join(folder, expand_home(place))  # noqa: PTH118
    if "\\" in place and os.sep == "/" and not os.path.lexists(path):
        slashes = place.replace("\\", "/")
        raise StylejaxError(f"{name} is {place}, which does not exist; write folders with slashes: {slashes}")
    return path


def _numbers(numbers: list[int]) -> str:
    """`line 3`, `lines 3 to 7` where all of these are meant, or the first few and how many more there are."""
    if len(numbers) == 1:
        return f"line {numbers[0]}"
    if len(numbers) > 2 and all(after == before + 1 for before, after in pairwise(numbers)):
        return f"lines {numbers[0]} to {numbers[-1]}"
    more = f" and {len(numbers) - 5} more" if len(numbers) > 6 else ""
    return "lines " + ", ".join(map(str, numbers if not more else numbers[:5])) + more

"""From a table of jobs to rows: CSV, JSON lines or Parquet, columns named as the flags.

`content` and `style` must be there; `output`, `content_mask`, `style_mask`, every setting may be. Several styles or masks are
a list in JSON and Parquet, and separated by `;` in CSV. Relative places start at the folder of the table. An empty cell is the
default. All rows are checked before any is painted, and all that is wrong is told at once.
"""

import csv
import dataclasses
import difflib
import io
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from stylejax.batch.row import Row
from stylejax.errors import MissingExtraError, StylejaxError
from stylejax.files.folder import check_name
from stylejax.files.small import parse_json, read_small
from stylejax.files.url import copy_of, is_url
from stylejax.images.write import check_format
from stylejax.optimize.recipes import settings_from
from stylejax.optimize.settings import STARTS, Settings

LISTS = ("style", "content_mask", "style_mask")
COLUMNS = ("content", "output", *LISTS, *(field.name for field in dataclasses.fields(Settings)))
RESERVED = ("contact_sheet.jpg",)
LARGEST = 2**30
"""Bytes of a table."""


class BadRowsError(StylejaxError):
    """Rows that cannot be used; the message has a line for each."""

    def __init__(self, problems: list[tuple[int, str]]):
        self.problems = sorted(problems)
        lines = [f"line {number}: {told}" for number, told in self.problems]
        super().__init__(f"{len(lines)} bad rows; nothing was painted\n" + "\n".join(lines))


def read_table(place: str) -> list[tuple[int, dict[str, Any] | str]]:
    """The cells of each row by the name of their column, or what is wrong with the row, with its line counted from 1.

    Raises:
        StylejaxError: the table cannot be read, or has a format that is not known.
    """
    readers = {".csv": _csv, ".jsonl": _json_lines, ".ndjson": _json_lines, ".parquet": _parquet}
    suffix = PurePosixPath(place).suffix.lower()
    if suffix not in readers:
        raise StylejaxError(f"{place} has the suffix {suffix!r}; wanted a table: {', '.join(readers)}")
    try:
        if not is_url(place):
            return readers[suffix](read_small(place, most=LARGEST), place)
        with copy_of(place) as file:
            return readers[suffix](file.read(), place)
    except FileNotFoundError:
        raise StylejaxError(f"{place} does not exist; check the path") from None
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise StylejaxError(f"{place} cannot be read as a table: {problem}") from None


def rows_of(
    cells: Iterable[tuple[int, Mapping[str, Any] | str]],
    defaults: Mapping[str, Any],
    *,
    folder: str = "",
    suffix: str = ".png",
    bits: int = 8,
    skip_bad: bool = False,
) -> tuple[list[Row], list[tuple[int, str]]]:
    """The rows, and what is wrong with those that are left out.

    Args:
        cells: from `read_table`.
        defaults: settings of all rows, where they say nothing else.
        folder: where relative places start.
        suffix: of outputs that have no name.
        bits: depth of the results, which their formats must have.
        skip_bad: leave bad rows out.

    Raises:
        BadRowsError: some rows cannot be used, and `skip_bad` is not set.
        StylejaxError: there is no row at all.
    """
    rows, problems, taken = [], [], {}
    for number, values in cells:
        try:
            if isinstance(values, str):
                raise StylejaxError(values)
            row = _row(number, values, defaults, folder, suffix, bits)
            if row.output in taken:
                raise StylejaxError(f"output {row.output} is that of line {taken[row.output]}, too; give each its own name")
            taken[row.output] = number
            rows.append(row)
        except StylejaxError as problem:
            problems.append((number, str(problem)))
    if problems and not skip_bad:
        raise BadRowsError(problems)
    if not rows:
        raise StylejaxError("got no picture to paint; give a table with at least one good row")
    return rows, problems


def _row(number: int, values: Mapping[str, Any], defaults: Mapping[str, Any], folder: str, suffix: str, bits: int) -> Row:
    cells = {_column(name): value for name, value in values.items() if value is not None and value != "" and value != []}
    places = {name: [_place(place, folder) for place in _items(name, cells.pop(name, []))] for name in LISTS}
    content = _place(_text("content", cells.pop("content", "")), folder)
    if not places["style"]:
        raise StylejaxError("has no style; name at least one picture in the column style")
    output = cells.pop("output", None)
    name = _name(content, places["style"]) + suffix if output is None else _text("output", output)
    name = check_name(name)
    check_format(name, bits=bits)
    if name in RESERVED:
        raise StylejaxError(f"output {name} is the name of the run's own sheet; choose another")
    settings = settings_from({**defaults, **{each: _setting(each, value) for each, value in cells.items()}})
    if settings.init not in STARTS:
        settings = dataclasses.replace(settings, init=_place(settings.init, folder))
    return Row(
        number, content, tuple(places["style"]), name, settings, tuple(places["content_mask"]), tuple(places["style_mask"])
    )


def _name(content: str, styles: Iterable[str]) -> str:
    return "-".join(PurePosixPath(place).stem for place in (content, *styles))


def _column(name: Any) -> str:
    plain = str(name).strip().lstrip("-").replace("-", "_")
    if plain not in COLUMNS:
        nearest = difflib.get_close_matches(plain, COLUMNS, n=1, cutoff=0.0)[0]
        raise StylejaxError(f"no column is called {name!r}; did you mean {nearest!r}?")
    return plain


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise StylejaxError(f"{name} is {value!r}; it must be a path" if value else f"has no {name}; name a picture")
    return value.strip()


def _items(name: str, value: Any) -> list[str]:
    items = value.split(";") if isinstance(value, str) else value
    if not isinstance(items, list | tuple):
        raise StylejaxError(f"{name} is {value!r}; it must be a path or a list of paths")
    return [_text(name, item) for item in items]


def _place(place: str, folder: str) -> str:
    if is_url(place) or not folder or Path(place).expanduser().is_absolute():
        return place if is_url(place) else str(Path(place).expanduser())
    return f"{folder}/{place}"


def _setting(name: str, value: Any) -> Any:
    """The value as the setting's own type: tables have text where settings have numbers."""
    default = getattr(Settings(), name)
    wanted = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[type(default)]
    try:
        if isinstance(default, bool):
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[str(value).strip().lower()]
        if isinstance(value, bool) or (isinstance(default, str) and not isinstance(value, str)):
            raise ValueError
        if isinstance(default, int) and not (name == "size" and value == "native"):
            if float(value) != int(float(value)):
                raise ValueError
            return int(float(value))
        return float(value) if isinstance(default, float) else value
    except (ValueError, TypeError, KeyError, OverflowError):
        raise StylejaxError(f"{name} is {value!r}; it must be {wanted}") from None


def _csv(data: bytes, place: str) -> list[tuple[int, dict[str, Any] | str]]:
    reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    header = next(reader, [])
    found: list[tuple[int, dict[str, Any] | str]] = []
    last = reader.line_num
    for cells in reader:
        number, last = last + 1, reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(header):
            found.append((number, f"has {len(cells)} cells for {len(header)} columns; quote cells that hold a comma"))
        else:
            found.append((number, dict(zip(header, cells, strict=False))))
    return found


def _json_lines(data: bytes, place: str) -> list[tuple[int, dict[str, Any] | str]]:
    found: list[tuple[int, dict[str, Any] | str]] = []
    for number, line in enumerate(data.decode("utf-8-sig").split("\n"), start=1):
        if line.strip():
            try:
                value = parse_json(line)
                found.append((number, value if isinstance(value, dict) else f"is {line.strip()[:40]}; wanted a JSON object"))
            except ValueError as problem:
                found.append((number, f"is not JSON: {problem}"))
    return found


def _parquet(data: bytes, place: str) -> list[tuple[int, dict[str, Any] | str]]:
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        raise MissingExtraError(f"{place} needs pyarrow: pip install 'stylejax[parquet]', or give a CSV") from None
    try:
        table = parquet.read_table(io.BytesIO(data))
    except Exception as problem:  # pyarrow has errors of its own for damaged files
        raise StylejaxError(f"{place} cannot be read as a Parquet table: {problem}") from None
    return list(enumerate(table.to_pylist(), start=1))

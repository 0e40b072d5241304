"""The cells of a table: CSV, JSON lines or Parquet. Ambiguous input is refused with advice.

Cells of CSV are stripped, and those that may hold several places are split at `;`. Cells of JSON and Parquet are kept as is.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from stylejax.batch.records import RowFailure
from stylejax.errors import StylejaxError, one_line
from stylejax.extras import require_extra
from stylejax.files.bounded_read import parse_json, read_bounded
from stylejax.files.url import is_url, local_copy

LARGEST = 2**30
"""Bytes of a table."""
LISTS = ("style", "content_mask", "style_mask")

Cells = Sequence[tuple[int, Mapping[str, Any] | RowFailure]]
"""For each row the number of its line, and its cells by the name of their column."""


def read_table(place: str) -> Cells:
    """The cells of each row, with its line counted from 1.

    Raises:
        StylejaxError: the table cannot be read, or has an unknown format.
    """
    readers = {".csv": _csv, ".jsonl": _json_lines, ".ndjson": _json_lines, ".parquet": _parquet}
    suffix = PurePosixPath(place).suffix.lower()
    if suffix not in readers:
        raise StylejaxError(f"{place} has the suffix {suffix!r}; wanted a table: {', '.join(readers)}")
    try:
        if not is_url(place):
            return readers[suffix](read_bounded(place, max_bytes=LARGEST), place)
        with local_copy(place) as file:
            return readers[suffix](file.read(), place)
    except FileNotFoundError:
        raise StylejaxError(f"{place} does not exist; check the path") from None
    except OSError as problem:
        raise StylejaxError(f"{place} cannot be read as a table: {problem}") from None


def plain_name(column: Any) -> str:
    """The name of a column as that of a setting: `--style-weight` is `style_weight`."""
    return str(column).strip().lstrip("-").replace("-", "_")


def cells_by_name(cells: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """Cells by the plain name of their column.

    Raises:
        StylejaxError: two columns have one name.
    """
    named: dict[str, Any] = {}
    for column, value in cells:
        name = plain_name(column)
        if name in named:
            raise StylejaxError(f"has {name} twice; give it once" + (", with all places in it" if name in LISTS else ""))
        named[name] = value
    return named


def _csv(data: bytes, place: str) -> Cells:
    reader = csv.reader(io.StringIO(_decoded(data, place), newline=""), strict=True)
    found = []
    try:
        header = [plain_name(name) for name in next(reader, [])]
        _check_header(header, place)
        last = reader.line_num
        for cells in reader:
            number, last = last + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(header):
                reason = f"has {len(cells)} cells for {len(header)} columns; quote cells that hold a comma"
                found.append((number, RowFailure("table", reason)))
            else:
                named = zip(header, map(str.strip, cells), strict=False)
                found.append((number, {name: _cell(name, cell) for name, cell in named if cell}))
    except csv.Error as problem:
        hint = "; close every quote" if "end of data" in str(problem) or "limit" in str(problem) else ""
        raise StylejaxError(f"{place} cannot be read as a table: line {reader.line_num}: {problem}{hint}") from None
    return found


def _cell(name: str, text: str) -> Any:
    return [item.strip() for item in text.split(";") if item.strip()] if name in LISTS else text


def _check_header(header: list[str], place: str) -> None:
    for mark, called in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if "content" not in header and "content" in map(plain_name, ",".join(header).split(mark)):
            raise StylejaxError(f"{place} has {called} between its cells; save it with commas: content,style,...")
    try:
        cells_by_name((name, "") for name in header if name)
    except StylejaxError as problem:
        raise StylejaxError(f"{place}: its first line {problem}") from None


def _decoded(data: bytes, place: str) -> str:
    advice = "save it as UTF-8 (in a spreadsheet: CSV UTF-8)"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in data[:2]:
        raise StylejaxError(f"{place} is UTF-16, not UTF-8; {advice}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise StylejaxError(f"{place} is not UTF-8: line {line} has the byte 0x{data[problem.start]:02X}; {advice}") from None


def _json_lines(data: bytes, place: str) -> Cells:
    found = []
    for number, line in enumerate(_decoded(data, place).split("\n"), start=1):
        if line.strip():
            try:
                found.append((number, _json_object(line)))
            except StylejaxError as problem:
                found.append((number, RowFailure.of("table", problem)))
    return found


def _json_object(line: str) -> dict[str, Any]:
    try:
        value = parse_json(line, pairs=cells_by_name)
    except ValueError as problem:
        raise StylejaxError(f"is not JSON: {problem}") from None
    if not isinstance(value, dict):
        raise StylejaxError(f"is {line.strip()[:40]}; wanted a JSON object")
    return value


def _parquet(data: bytes, place: str) -> Cells:
    require_extra("parquet", place, alternative="give a CSV")
    from pyarrow import parquet

    try:
        table = parquet.read_table(io.BytesIO(data))
        columns = [column.to_pylist() for column in table.columns]
    except Exception as problem:  # pyarrow has errors of its own for damaged files
        raise StylejaxError(f"{place} cannot be read as a Parquet table: {one_line(problem)}") from None
    _check_header([plain_name(name) for name in table.column_names], place)
    rows = zip(*columns, strict=True)
    return [(number, dict(zip(table.column_names, row, strict=True))) for number, row in enumerate(rows, start=1)]

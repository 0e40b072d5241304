"""Many results at once: a CSV file that lists them, and a Markdown table with a row for each painter."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from looks.measures import Ratios
from stylejax.errors import SettingsError

COLUMNS = ("content", "style", "painter", "result")


class Row(NamedTuple):
    """A result, what it was made of, and who made it."""

    content: Path
    style: Path
    painter: str
    result: Path


def read_pairs(path: Path) -> list[Row]:
    """The rows of a CSV file; paths in it are relative to its folder.

    Raises:
        SettingsError: it cannot be read, lists no results, or lacks a value of one.
    """
    try:
        lines = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise SettingsError(f"{path} cannot be read as CSV: {getattr(problem, 'strerror', None) or problem}") from None
    wanted = f"wanted a first line {','.join(COLUMNS)} and a line for each result"
    if not lines:
        raise SettingsError(f"{path} lists no results; {wanted}")
    for number, line in enumerate(lines, 1):
        if missing := [name for name in COLUMNS if not line.get(name)]:
            raise SettingsError(f"{path}: result {number} has no {missing[0]}; {wanted}")
    beside = path.parent
    return [Row(beside / line["content"], beside / line["style"], line["painter"], beside / line["result"]) for line in lines]


def markdown(rows: Sequence[Row], found: Sequence[Ratios]) -> str:
    """A row for each painter, a column for each pair; of several tries the mean, and over all pairs if none is missing."""
    tries: dict[tuple[str, tuple[Path, Path]], list[Ratios]] = {}
    for row, ratios in zip(rows, found, strict=True):
        tries.setdefault((row.painter, row[:2]), []).append(ratios)
    pairs = list(dict.fromkeys(row[:2] for row in rows))
    names = " | ".join(f"{content.stem} in {style.stem}" for content, style in pairs)
    lines = [f"| palette / style / content | {names} | mean | sum |", "|---" * (len(pairs) + 3) + "|"]
    for painter in dict.fromkeys(row.painter for row in rows):
        means = [_mean(tries.get((painter, pair), [])) for pair in pairs]
        overall = _mean(means)
        cells = " | ".join(" / ".join(f"{value:.2f}" for value in mean) if mean else "-" for mean in (*means, overall))
        lines.append(f"| {painter} | {cells} | {f'{overall.sum:.2f}' if overall else '-'} |")
    return "\n".join(lines)


def _mean(many: Sequence[Ratios | None]) -> Ratios | None:
    """None if there is nothing to average, or something is missing."""
    present = [ratios for ratios in many if ratios]
    return Ratios(*np.mean(present, axis=0).tolist()) if present and len(present) == len(many) else None

"""Lists of results: reading from CSV, and formatting as a Markdown table with one row per program."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from looks.measures import Ratios
from stylejax.errors import SettingsError

COLUMNS = ("content", "style", "program", "result")


class Row(NamedTuple):
    """A result, its content and style, and the program that produced it."""

    content: Path
    style: Path
    program: str
    result: Path


def read_pairs(path: Path) -> list[Row]:
    """Read the rows of a CSV file; its paths are relative to its folder.

    Raises:
        SettingsError: the file cannot be read, is empty, or lacks a value.
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
    return [Row(beside / line["content"], beside / line["style"], line["program"], beside / line["result"]) for line in lines]


def markdown(rows: Sequence[Row], found: Sequence[Ratios]) -> str:
    """Format a row per program and a column per pair, averaging several results.

    The overall mean is omitted if a pair is missing.
    """
    results: dict[tuple[str, tuple[Path, Path]], list[Ratios]] = {}
    for row, ratios in zip(rows, found, strict=True):
        results.setdefault((row.program, row[:2]), []).append(ratios)
    pairs = list(dict.fromkeys(row[:2] for row in rows))
    names = " | ".join(f"{content.stem} in {style.stem}" for content, style in pairs)
    lines = [f"| palette / style / content | {names} | mean | sum |", "|---" * (len(pairs) + 3) + "|"]
    for program in dict.fromkeys(row.program for row in rows):
        means = [_mean(results.get((program, pair), [])) for pair in pairs]
        overall = _mean(means)
        cells = " | ".join(" / ".join(f"{value:.2f}" for value in mean) if mean else "-" for mean in (*means, overall))
        lines.append(f"| {program} | {cells} | {f'{overall.sum:.2f}' if overall else '-'} |")
    return "\n".join(lines)


def _mean(many: Sequence[Ratios | None]) -> Ratios | None:
    """The mean, or None if the sequence is empty or a value is missing."""
    present = [ratios for ratios in many if ratios]
    return Ratios(*np.mean(present, axis=0).tolist()) if present and len(present) == len(many) else None

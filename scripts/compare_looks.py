"""Measure style and content of results with a network that did not produce them.

    python scripts/compare_looks.py town.jpg wave.jpg result.png another.png
    python scripts/compare_looks.py --pairs results.csv > table.md

Prints three ratios and their sum for each result; lower is better (`looks.measures`). Palette and style are 0 for the style
picture and 1 for the unchanged content. Content is 0 if everything was kept, and about 1 if nothing was. `results.csv` has the
columns content, style, program and result, with paths relative to its folder; it produces a Markdown table with one row per
program. A result of 512 pixels takes less than a minute on two CPU cores with the full network.
"""

import functools
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple

import tyro
from looks.judge import Choice, Judge, choose, network_of
from looks.measures import Ratios, ratios
from looks.pairs import Row, markdown, read_pairs
from rich.console import Console
from rich.table import Table

from stylejax.errors import ImageError, SettingsError, StylejaxError
from stylejax.images.io.read import read_shape, silence_decoders
from stylejax.images.resize import fit_long_side


class Finding(NamedTuple):
    """Ratios of one result, with the judge and the height and width of the comparison."""

    row: Row
    judge: Choice
    shape: tuple[int, int]
    ratios: Ratios

    def as_json(self) -> dict:
        """A JSON object; `size` is width and height."""
        pictures = {name: str(value) for name, value in self.row._asdict().items()}
        judge = {"judge": self.judge.name, "reason": self.judge.reason, "size": self.shape[::-1]}
        return {**pictures, **judge, "ratios": {**self.ratios._asdict(), "sum": self.ratios.sum}}


@dataclass(frozen=True)
class Looks:
    """Compare results with their style and content."""

    pictures: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="CONTENT STYLE RESULT...")] = ()
    """The photograph, the style, and the results."""

    pairs: Path | None = None
    """Instead of pictures, a CSV file with the columns content, style, program and result, for a Markdown table."""

    judge: str = "auto"
    """vgg19, vgg19-slim, the path of converted weights, or auto: a network other than the one in the result's metadata."""

    size: int | None = None
    """Long side of the pictures in the comparison; by default that of each result."""

    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Compare all results and print the ratios."""
        rows = self._rows()
        chosen = [choose(self.judge, network_of(row.result)) for row in rows]
        shapes = [shape_of(row, self.size) for row in rows]  # all checks come before the first comparison
        judge_named = functools.cache(Judge.named)
        found = [
            Finding(row, choice, shape, compare(judge_named(choice.name), row, shape))
            for row, choice, shape in zip(rows, chosen, shapes, strict=True)
        ]
        if self.json:
            print(json.dumps([finding.as_json() for finding in found], indent=1))
        elif self.pairs:
            print(markdown(rows, [finding.ratios for finding in found]), *notes(chosen), sep="\n\n")
        else:
            Console().print(table(found))
            print(*notes(chosen), sep="\n")

    def _rows(self) -> list[Row]:
        if self.size is not None and self.size < 1:
            raise SettingsError(f"got --size {self.size}; wanted a number of pixels, such as 512")
        if self.pairs and not self.pictures:
            return read_pairs(self.pairs)
        if self.pairs:
            raise SettingsError("got pictures and --pairs; give only one of them")
        if len(self.pictures) < 3:
            raise SettingsError(f"got {len(self.pictures)} pictures; wanted a content, a style and at least one result")
        content, style, *results = self.pictures
        return [Row(content, style, network_of(result) or "unknown", result) for result in results]


def shape_of(row: Row, size: int | None) -> tuple[int, int]:
    """Height and width of the comparison of a result.

    Raises:
        ImageError: the aspect of the result differs from the content's by more than a pixel.
    """
    content, got = read_shape(row.content), read_shape(row.result)
    wanted = fit_long_side(*content, max(got))
    if any(abs(a - b) > 1 for a, b in zip(got, wanted, strict=True)):
        raise ImageError(
            f"{row.result} has {got[1]}×{got[0]} pixels; wanted {wanted[1]}×{wanted[0]}, the shape of {row.content}"
        )
    return fit_long_side(*got, size or max(got))


def compare(judge: Judge, row: Row, shape: tuple[int, int]) -> Ratios:
    """Compute the ratios of a result at `shape`; the style has the same long side."""
    style = judge.cached_look(row.style, *fit_long_side(*read_shape(row.style), max(shape)))
    return ratios(judge.cached_look(row.content, *shape), style, judge.look(row.result, *shape))


def table(found: Sequence[Finding]) -> Table:
    """Format the ratios as a table for the terminal."""
    made = Table("result", "size", "judge", box=None, pad_edge=False)
    for name in ("palette", "style", "content", "sum"):
        made.add_column(name, justify="right", no_wrap=True)
    for row, judge, (height, width), each in found:
        values = [f"{value:.3f}" for value in (*each, each.sum)]
        made.add_row(str(row.result), f"{width}×{height}", Path(judge.name).stem, *values)
    return made


def notes(chosen: Sequence[Choice]) -> list[str]:
    """The judges and the reasons for their choice, one line each."""
    lines = [f"judge {name}: {reason}" for name, reason in dict.fromkeys(chosen)]
    if len({choice.name for choice in chosen}) > 1:
        lines.append("figures of different judges are not comparable; select one with --judge")
    return lines


def main() -> int:
    command = tyro.cli(Looks, config=(tyro.conf.FlagCreatePairsOff,))
    silence_decoders()
    try:
        command.run()
    except StylejaxError as error:
        print(f"compare_looks: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

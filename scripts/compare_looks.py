"""Tell how much of a style results have and how much of the content they kept, as another network than the painter's sees it.

    python scripts/compare_looks.py town.jpg wave.jpg result.png another.png
    python scripts/compare_looks.py --pairs results.csv > table.md

Three ratios and their sum for each result, the lower the better (`looks.measures`): palette and style are 0 for the style's own
and 1 for the untouched content's; content is 0 where everything was kept and about 1 where nothing was. `results.csv` has the
columns content, style, painter and result, with paths relative to its folder; it makes a Markdown table with a row for each
painter. A result of 512 pixels takes under a minute on two CPU cores with the full network.
"""

import functools
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple

import tyro
from looks.judge import Choice, Judge, choose, painter_of
from looks.measures import Ratios, ratios
from looks.pairs import Row, markdown, read_pairs
from rich.console import Console
from rich.table import Table

from stylejax.errors import ImageError, SettingsError, StylejaxError
from stylejax.images.io.read import read_shape, silence_decoders
from stylejax.images.resize import fit_long_side


class Finding(NamedTuple):
    """What was found of one result, at which height and width, and by whom."""

    row: Row
    judge: Choice
    shape: tuple[int, int]
    ratios: Ratios

    def as_json(self) -> dict:
        """One object; the size is width and height."""
        pictures = {name: str(value) for name, value in self.row._asdict().items()}
        judge = {"judge": self.judge.name, "reason": self.judge.reason, "size": self.shape[::-1]}
        return {**pictures, **judge, "ratios": {**self.ratios._asdict(), "sum": self.ratios.sum}}


@dataclass(frozen=True)
class Looks:
    """Compare results with their style and their content, as another network than the painter's sees them."""

    pictures: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="CONTENT STYLE RESULT...")] = ()
    """The photograph, the painting, and what was made of them."""

    pairs: Path | None = None
    """Instead, a CSV file with the columns content, style, painter and result, for a Markdown table."""

    judge: str = "auto"
    """vgg19, vgg19-slim, or the path of converted weights; auto: another network than the one in the result's record."""

    size: int | None = None
    """Long side at which pictures are compared; by default that of each result."""

    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Look at everything and print it."""
        rows = self._rows()
        chosen = [choose(self.judge, painter_of(row.result)) for row in rows]
        shapes = [shape_of(row, self.size) for row in rows]  # all that can be refused is refused before the first look
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
            raise SettingsError("got pictures and --pairs; give either")
        if len(self.pictures) < 3:
            raise SettingsError(f"got {len(self.pictures)} pictures; wanted a content, a style and at least one result")
        content, style, *results = self.pictures
        return [Row(content, style, painter_of(result) or "unknown", result) for result in results]


def shape_of(row: Row, size: int | None) -> tuple[int, int]:
    """Height and width at which a result is compared.

    Raises:
        ImageError: the result has not the shape of the content, to a pixel.
    """
    content, got = read_shape(row.content), read_shape(row.result)
    wanted = fit_long_side(*content, max(got))
    if any(abs(a - b) > 1 for a, b in zip(got, wanted, strict=True)):
        raise ImageError(
            f"{row.result} has {got[1]}×{got[0]} pixels; wanted {wanted[1]}×{wanted[0]}, the shape of {row.content}"
        )
    return fit_long_side(*got, size or max(got))


def compare(judge: Judge, row: Row, shape: tuple[int, int]) -> Ratios:
    """What `judge` says of a result at `shape`; the style gets the same long side."""
    style = judge.look_again(row.style, *fit_long_side(*read_shape(row.style), max(shape)))
    return ratios(judge.look_again(row.content, *shape), style, judge.look(row.result, *shape))


def table(found: Sequence[Finding]) -> Table:
    """For the eye."""
    made = Table("result", "size", "judge", box=None, pad_edge=False)
    for name in ("palette", "style", "content", "sum"):
        made.add_column(name, justify="right", no_wrap=True)
    for row, judge, (height, width), each in found:
        values = [f"{value:.3f}" for value in (*each, each.sum)]
        made.add_row(str(row.result), f"{width}×{height}", Path(judge.name).stem, *values)
    return made


def notes(chosen: Sequence[Choice]) -> list[str]:
    """Who judged and why, a line each."""
    lines = [f"judge {name}: {reason}" for name, reason in dict.fromkeys(chosen)]
    if len({choice.name for choice in chosen}) > 1:
        lines.append("figures of different judges do not compare; name one with --judge")
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

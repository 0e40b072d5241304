"""Stylize one photograph with different values of every control, on a sheet with one row per control.

    python scripts/make_controls_sheet.py -o controls.jpg
    python scripts/make_controls_sheet.py --content town.jpg --styles wave.jpg scream.jpg -o controls.jpg --rows blend regions

By default the photograph is scikit-image's cat, and the styles are two sample styles of stylejax. Each picture is labeled with
its flags. Pictures of a row that share a program form one batch, at one scale. The sheet is rewritten after each row. Most of
the time is spent on compilation.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro

import stylejax
from stylejax.images.io.read import read_picture
from stylejax.images.io.write import check_output, write_picture
from stylejax.images.resize import fit_long_side, resize
from stylejax.images.sheet import contact_sheet
from stylejax.run.compatibility import grouped, program_key
from stylejax.run.result import StylizedImage
from stylejax.samples import demo_photograph, paint_glass, paint_waves
from stylejax.settings.recipes import settings_from


@dataclass(frozen=True)
class Cell:
    """One picture of the sheet: its settings, and the indices of its styles."""

    options: dict[str, Any] = field(default_factory=dict)
    styles: tuple[int, ...] = (0,)
    regions: bool = False

    @property
    def label(self) -> str:
        """The flags on the command line."""
        flags = [f"--{name.replace('_', '-')} {value}" for name, value in self.options.items()]
        names = "".join(f" style{number + 1}" for number in self.styles)
        regions = ["--content-mask oval", "--content-mask rest"] if self.regions else []
        return "\n".join([f"photo{names}" if self.styles != (0,) else "", *flags, *regions]).strip("\n") or "defaults"


def _each(name: str, *values: Any, **common: Any) -> list[Cell]:
    return [Cell({name: value, **common}) for value in values]


ROWS: dict[str, list[Cell]] = {
    "strength": _each("strength", 0.0, 0.4, 0.7, 1.0),
    "content-weight": _each("content_weight", 0.03, 0.3, 3.0, 30.0),
    "tv-weight": _each("tv_weight", 0.0, 5.0, 50.0, 500.0),
    "blend": [Cell({"style_blend": shares}, (0, 1)) for shares in ("1,0", "0.7,0.3", "0.3,0.7", "0,1")],
    "regions": [
        Cell({}, (0, 1), regions=True),
        Cell({}, (1, 0), regions=True),
        Cell({"content_weight": 3.0}, (0, 1), regions=True),
        Cell({"content_weight": 3.0}, (1, 0), regions=True),
    ],
    "style-scale": [*_each("style_scale", 1.0, 0.5, 0.25), Cell({"style_size": 96})],
    "octaves": _each("octaves", 1, 2, 3, 4),
    "layers": _each(
        "style_layers",
        "pixels=3,relu1_1=0,relu2_1=0,relu3_1=0,relu4_1=0",
        "pixels=3,relu1_1=1,relu2_1=0,relu3_1=0,relu4_1=0",
        "pixels=3,relu1_1=1,relu2_1=1,relu3_1=0,relu4_1=0",
        "pixels=3,relu1_1=1,relu2_1=1,relu3_1=1,relu4_1=1",
    ),
    "style-loss": _each("style_loss", "covariance", "gram", "wasserstein", "moments"),
    "keep-color": [
        *_each("keep_color", "none", "luminance"),
        *[Cell({"keep_color": "match", "color_match": kind}) for kind in ("cholesky", "symmetric")],
    ],
    "init": _each("init", "recolored", "content", "noise", "gray", smallest_size=40),
    "content-norm": [
        *_each("content_norm", "instance", "none"),
        *_each("content_norm", "instance", "none", content_weight=3.0),
    ],
    "optimizer": [
        *_each("optimizer", "adam", "l-bfgs"),
        *_each("normalize_gradients", True),
        *_each("pooling", "average"),
    ],
}


@dataclass(frozen=True)
class Controls:
    """Write a sheet of all controls."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("controls.jpg")
    """Path of the sheet."""

    content: Path | None = None
    """The photograph."""

    styles: tuple[Path, ...] = ()
    """Two styles."""

    rows: tuple[str, ...] = tuple(ROWS)
    """Names of the rows."""

    size: int = 160
    """Long side of the results, in pixels."""

    model: str = "vgg19-slim"
    """The feature network."""

    def run(self) -> None:
        """Stylize the photograph and write the sheet."""
        check_output(self.output)
        content = demo_photograph() if self.content is None else read_picture(self.content).pixels
        content = resize(content, *fit_long_side(content.shape[0], content.shape[1], self.size))
        styles = [read_picture(path).pixels for path in self.styles] or [paint_waves(400, 400), paint_glass(400, 400)]
        inputs = [("photo", content), *((f"style{number}", style) for number, style in enumerate(styles, start=1))]
        oval = _oval(*content.shape[:2])
        sheet = [[*inputs, ("oval", np.repeat(oval[..., np.newaxis], 3, axis=2))]]
        for name in self.rows:
            results = self._paint(ROWS[name], content, styles, [oval, 1 - oval])
            cells = zip(ROWS[name], results, strict=True)
            sheet.append([(_with_stops(cell.label, result), result.image) for cell, result in cells])
            write_picture(self.output, contact_sheet(sheet, cell=self.size, gap=8, text_size=12), quality=80)
            print(f"{name}: in {self.output}", flush=True)

    def _paint(self, cells: list[Cell], content: np.ndarray, styles: list[np.ndarray], masks: list[np.ndarray]):
        """Results of a row; cells that share a program form a batch."""
        results: list[Any] = [None] * len(cells)
        for numbers in grouped(cells, lambda cell: (program_key(settings_from(cell.options)), cell.regions)):
            members = [cells[number] for number in numbers]
            batch = stylejax.stylize_batch(
                [content] * len(members),
                [[styles[index] for index in cell.styles] for cell in members],
                content_masks=[masks if cell.regions else [] for cell in members],
                each=[cell.options for cell in members],
                size=self.size,
                smallest_size=self.size,
                model=self.model,
            )
            for number, result in zip(numbers, batch, strict=True):
                results[number] = result
        return results


def _with_stops(label: str, result: StylizedImage) -> str:
    if not result.settings.stop_when:
        return label
    return f"{label}\nstopped: {', '.join(f'scale {stop.scale} after {stop.step}' for stop in result.stops) or 'never'}"


def _oval(height: int, width: int) -> np.ndarray:
    """A mask with a soft oval in the middle."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.clip((0.8 - np.hypot(x * 1.2, y)) * 8 + 0.5, 0, 1).astype(np.float32)


if __name__ == "__main__":
    tyro.cli(Controls).run()

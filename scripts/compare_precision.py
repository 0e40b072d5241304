"""Paint pairs of pictures in float32 and in bfloat16, tell how far the losses are apart, and lay the pictures side by side.

    python scripts/compare_precision.py town.jpg wave.jpg town.jpg scream.jpg cat.jpg wheat.jpg -o sheet.jpg

The final totals of both are taken in float32, so that nothing but the picture counts.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from benchmark import machine

import stylejax
from stylejax.images.sheet import contact_sheet
from stylejax.images.write import check_output, write_picture


@dataclass(frozen=True)
class Comparison:
    """One row a pair: float32, bfloat16, and their difference five times enlarged."""

    pictures: tyro.conf.Positional[tuple[Path, ...]]
    """A photograph and a painting, and so on."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("precision.jpg")
    """Where the sheet goes."""

    size: int = 256
    """Long side of the results."""

    model: str = "vgg19-slim"
    """The feature network."""

    def run(self) -> None:
        """Paint, tell and lay out."""
        check_output(self.output)
        print(machine.describe())
        rows = []
        for content, style in zip(self.pictures[::2], self.pictures[1::2], strict=True):
            exact, rough = (
                stylejax.stylize(content, style, model=self.model, size=self.size, precision=name)
                for name in ("float32", "bfloat16")
            )
            totals = [self._total(painting, content, style) for painting in (exact, rough)]
            apart = np.abs(exact.image - rough.image)
            told = (
                f"{content.stem} in {style.stem}: total {totals[0]:.5g} and {totals[1]:.5g} ({totals[1] / totals[0] - 1:+.2%})"
            )
            print(f"{told}; pictures {255 * apart.mean():.2f} levels of 255 apart on average")
            difference = ("difference, five times enlarged", np.clip(5 * apart, 0, 1))
            rows.append([("float32", exact.image), (f"bfloat16 ({totals[1] / totals[0] - 1:+.2%})", rough.image), difference])
        write_picture(self.output, contact_sheet(rows, cell=self.size), quality=88)
        print(self.output)

    def _total(self, painting: stylejax.Painting, content: Path, style: Path) -> float:
        """The loss of a finished picture, in float32, at the last scale."""
        with tempfile.TemporaryDirectory() as folder:
            start = painting.save(Path(folder) / "start.png", bits=16)
            options = {"model": self.model, "size": self.size, "smallest_size": self.size, "precision": "float32"}
            return stylejax.stylize(content, style, init=str(start), iterations=1, **options).trace[0]["total"]


if __name__ == "__main__":
    tyro.cli(Comparison).run()

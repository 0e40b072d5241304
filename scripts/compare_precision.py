"""Paint pairs of pictures in float32 and in bfloat16, tell how far the losses are apart, and lay the pictures side by side.

    python scripts/compare_precision.py town.jpg wave.jpg town.jpg scream.jpg cat.jpg wheat.jpg -o sheet.jpg

The final totals of both are taken in float32, so that nothing but the picture counts, and both compute convolutions directly,
so that only the precision differs. Where a painting ends depends on every rounding on its way: in float32, too, two runs
whose photographs differ by a tenth of a level end a few percent apart. So each pair is painted several times, from photographs
with a little noise, and the means are compared.
"""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from benchmark import machine

import stylejax
from stylejax.images.io.read import read_picture
from stylejax.images.io.write import check_output, write_picture
from stylejax.images.sheet import contact_sheet
from stylejax.settings.settings import Settings


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

    repeats: int = 4
    """How often each pair is painted in each precision, with other noise in the photograph."""

    def run(self) -> None:
        """Paint, tell and lay out."""
        check_output(self.output)
        print(machine.describe())
        rows = []
        for content, style in zip(self.pictures[::2], self.pictures[1::2], strict=True):
            starts = [self._noisy(content, seed) for seed in range(self.repeats)]
            paintings = {
                name: [
                    stylejax.stylize(start, style, model=self.model, size=self.size, precision=name, convolution="direct")
                    for start in starts
                ]
                for name in ("float32", "bfloat16")
            }
            totals = {name: [self._total(each, content, style) for each in made] for name, made in paintings.items()}
            exact, rough = (np.mean(totals[name]) for name in ("float32", "bfloat16"))
            spread = np.std(totals["float32"]) / exact
            apart = [np.abs(a.image - b.image) for a, b in zip(*paintings.values(), strict=True)]
            alone = np.abs(paintings["float32"][0].image - paintings["float32"][-1].image).mean()
            print(
                f"{content.stem} in {style.stem}: mean totals {exact:.5g} and {rough:.5g} ({rough / exact - 1:+.2%}; "
                f"float32 by itself ±{spread:.2%}); pictures {255 * np.mean(apart):.1f} of 255 apart on average, "
                f"two in float32 {255 * alone:.1f}"
            )
            shown = [paintings[name][0].image for name in ("float32", "bfloat16")]
            difference = ("difference, five times enlarged", np.clip(5 * apart[0], 0, 1))
            rows.append([("float32", shown[0]), ("bfloat16", shown[1]), difference])
        write_picture(self.output, contact_sheet(rows, cell=self.size), quality=88)
        print(self.output)

    def _noisy(self, content: Path, seed: int) -> np.ndarray:
        pixels = read_picture(content).pixels
        return np.clip(pixels + np.random.default_rng(seed).normal(0, 0.1 / 255, pixels.shape), 0, 1).astype(np.float32)

    def _total(self, painting: stylejax.StylizedImage, content: Path, style: Path) -> float:
        """The loss of a finished picture, in float32, at the last scale."""
        with tempfile.TemporaryDirectory() as folder:
            start = painting.save(Path(folder) / "start.png", bits=16)
            scale = Settings(model=self.model, size=self.size, smallest_size=self.size)
            exact = replace(scale, init=str(start), iterations=1, precision="float32", convolution="direct")
            return stylejax.stylize(content, style, settings=exact).trace[0]["total"]


if __name__ == "__main__":
    tyro.cli(Comparison).run()

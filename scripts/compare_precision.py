"""Compare results in float32 and bfloat16: losses, and pictures on a sheet.

    python scripts/compare_precision.py town.jpg wave.jpg town.jpg scream.jpg cat.jpg wheat.jpg -o sheet.jpg

The final losses of all results are evaluated in float32, and all runs use direct convolutions, so that only the precision of
the run differs. The result depends on every rounding error: in float32, too, the losses of two runs from photographs that
differ by a tenth of a level differ by a few percent. Therefore each pair is run several times, from photographs with added
noise, and means are compared.
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
    """Compare float32 with bfloat16; the sheet has one row per pair, with the difference times five."""

    pictures: tyro.conf.Positional[tuple[Path, ...]]
    """Pairs of a photograph and a painting."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("precision.jpg")
    """Path of the sheet."""

    size: int = 256
    """Long side of the results, in pixels."""

    model: str = "vgg19-slim"
    """The feature network."""

    repeats: int = 4
    """Number of runs of each pair in each precision, with different noise."""

    def run(self) -> None:
        """Run all pairs, print the differences and write the sheet."""
        check_output(self.output)
        print(machine.describe())
        rows = []
        for content, style in zip(self.pictures[::2], self.pictures[1::2], strict=True):
            starts = [self._noisy(content, seed) for seed in range(self.repeats)]
            results = {
                name: [
                    stylejax.stylize(start, style, model=self.model, size=self.size, precision=name, convolution="direct")
                    for start in starts
                ]
                for name in ("float32", "bfloat16")
            }
            totals = {name: [self._total(each, content, style) for each in made] for name, made in results.items()}
            exact, rough = (np.mean(totals[name]) for name in ("float32", "bfloat16"))
            spread = np.std(totals["float32"]) / exact
            apart = [np.abs(a.image - b.image) for a, b in zip(*results.values(), strict=True)]
            alone = np.abs(results["float32"][0].image - results["float32"][-1].image).mean()
            print(
                f"{content.stem} in {style.stem}: mean totals {exact:.5g} and {rough:.5g} ({rough / exact - 1:+.2%}; "
                f"spread of float32 ±{spread:.2%}); pictures differ by {255 * np.mean(apart):.1f} of 255 on average, "
                f"two in float32 by {255 * alone:.1f}"
            )
            shown = [results[name][0].image for name in ("float32", "bfloat16")]
            difference = ("five times the difference", np.clip(5 * apart[0], 0, 1))
            rows.append([("float32", shown[0]), ("bfloat16", shown[1]), difference])
        write_picture(self.output, contact_sheet(rows, cell=self.size), quality=88)
        print(self.output)

    def _noisy(self, content: Path, seed: int) -> np.ndarray:
        pixels = read_picture(content).pixels
        return np.clip(pixels + np.random.default_rng(seed).normal(0, 0.1 / 255, pixels.shape), 0, 1).astype(np.float32)

    def _total(self, result: stylejax.StylizedImage, content: Path, style: Path) -> float:
        """The loss of a result at the last scale, in float32."""
        with tempfile.TemporaryDirectory() as folder:
            start = result.save(Path(folder) / "start.png", bits=16)
            scale = Settings(model=self.model, size=self.size, smallest_size=self.size)
            exact = replace(scale, init=str(start), iterations=1, precision="float32", convolution="direct")
            return stylejax.stylize(content, style, settings=exact).trace[0]["total"]


if __name__ == "__main__":
    tyro.cli(Comparison).run()

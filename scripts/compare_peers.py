"""Run every published recipe on two pictures with stylejax, and with the original program or its formulas in PyTorch.

    pip install 'stylejax[reference]' && pip install --no-deps torchvision neural-style
    python scripts/compare_peers.py tubingen.jpg starry_night.jpg -o peers.jpg

Of the original programs, only `neural-style` 0.5.7 is in the package index; it runs unchanged except for the number of
channels. For the other recipes, the script minimizes the PyTorch formulas of `scripts/reference` with `torch.optim`, from the
recipe's initial picture and in its space. All programs use the same network, one scale and the same pixels. The script prints
the losses after the same numbers of evaluations and the difference of the final pictures. The sheet shows the other programs
above and stylejax below. Takes a minute and a half with `--size 128 --steps 20` on two CPU cores.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from stylejax.images.io.read import read_picture
from stylejax.images.io.write import check_output, write_picture
from stylejax.images.resize import fit_long_side, resize
from stylejax.images.sheet import contact_sheet
from stylejax.settings.recipes import settings_from
from stylejax.weights.sources import resolve
from stylejax.weights.weight_set import read_weights


@dataclass(frozen=True)
class Peers:
    """Compare recipes in stylejax with their original programs."""

    content: tyro.conf.Positional[Path]
    """The photograph."""

    style: tyro.conf.Positional[Path]
    """The painting."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("peers.jpg")
    """Path of the sheet."""

    size: int = 256
    """Long side of the pictures, in pixels."""

    steps: int = 100
    """Number of evaluations of each program."""

    model: str = "vgg19-slim"
    """The network of all programs; `vgg19` must have been fetched."""

    only: str = ""
    """Run only recipes whose names start with this text."""

    def run(self) -> None:
        """Run the recipes, print the losses and write the sheet."""
        from peers import runs

        check_output(self.output)
        content, style = (self._read(path) for path in (self.content, self.style))
        weights = read_weights(resolve(self.model))
        plain, caffe = (runs.in_units_of(weights, units) for units in ("torchvision", "oxford"))
        above, below = [], []
        for recipe in ("gatys-2016", "gatys-code", "neural-style", "neural-style, Adam", "crowson", "udacity", "spst"):
            name, _, adam = recipe.partition(", ")
            if not recipe.startswith(self.only):
                continue
            settings = self._settings(name, {"optimizer": "adam"} if adam else {})
            resized = resize(style, *content.shape[:2]) if settings.style_fit == "stretch" else style
            if name != "neural-style":
                peer, theirs = "formulas", runs.from_formula(plain, name, settings, content, resized)
                mine = runs.ours(plain, settings, content, resized)
            elif importlib.util.find_spec("neural_style"):
                peer, theirs = "neural-style 0.5.7", runs.neural_style(caffe, settings, content, resized, self.steps)
                mine = runs.ours(caffe, settings, content, resized, scale=runs.BYTES)
            else:
                print(f"{recipe}: the program is not installed: pip install --no-deps torchvision neural-style")
                continue
            self._print(recipe, peer, theirs, mine)
            above.append((f"{recipe}\n{peer}", theirs.picture))
            below.append((f"{recipe}\nstylejax", mine.picture))
        write_picture(self.output, contact_sheet([above, below], cell=self.size), quality=85)
        print(self.output)

    def _read(self, path: Path) -> np.ndarray:
        pixels = read_picture(path).pixels
        fitted = resize(pixels, *fit_long_side(pixels.shape[0], pixels.shape[1], self.size))
        return np.rint(fitted * 255).astype(np.float32) / 255  # 8 bits, as in the files for the other program

    def _settings(self, recipe: str, changes: dict):
        one_scale = {"size": self.size, "size_rule": "long", "smallest_size": self.size, "iterations": self.steps}
        one_scale["resampling"] = "lanczos"  # no resizing is needed; other filters would clip the brightening by `BYTES`
        start = {"init": "content"} if recipe == "neural-style" else {}
        settings = {"recipe": recipe, "style_size": 0, **one_scale, **start, **changes}
        return settings_from(settings)

    def _print(self, recipe, peer, theirs, mine) -> None:
        difference = 255 * np.abs(theirs.picture - mine.picture).mean()
        print(f"{recipe} ({peer}, stylejax); pictures differ by {difference:.2f} of 255")
        for step in sorted({0, 19, self.steps // 2 - 1, self.steps - 1}):
            a, b = (run.losses[min(step, len(run.losses) - 1)] for run in (theirs, mine))
            print(f"    evaluation {step + 1:4d}: {a:12.5g} {b:12.5g}  ratio {b / a:.6f}", flush=True)


if __name__ == "__main__":
    tyro.cli(Peers).run()

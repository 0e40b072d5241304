"""Compare the gradient of a picture in tiles with that in other tiles, or that of the whole, and search it for seams.

    python scripts/compare_tiles.py                                            1500x1000 pixels, tiles of 512 and the whole
    python scripts/compare_tiles.py --shape 6000x4000 --tiles 1024 832 --out difference.png

Prints the relative difference of the two gradients, and, in units of the gradient's root mean square, how far 99 percent of
the pixels differ at most near the borders of the first tiling and elsewhere, where those of the second one are: seams would
make them unequal. Spots of the size of a receptive field differ by more, wherever they are: a ReLU or a maximum that rounding
decides switches a path of the gradient on or off. `--out` draws the differences, white from a hundredth of the root mean
square.
"""

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np
import tyro
from benchmark import machine
from PIL import Image

from stylejax.images.io.read import read_picture
from stylejax.images.resize import resize
from stylejax.losses.tiles.geometry import tiles_of
from stylejax.optimize.config import StaticConfig
from stylejax.run.inputs.job import Job, stacked_weights
from stylejax.run.starts import starting_images
from stylejax.run.targets import layer_shapes
from stylejax.run.tiles.gradient import tiled_value_and_gradient
from stylejax.run.tiles.targets import tiled_targets
from stylejax.run.tiles.update import of_picture
from stylejax.samples import PAINTINGS, demo_photograph
from stylejax.settings.settings import Settings
from stylejax.weights.load import load_model

BORDER = 16
"""Pixels on both sides of a tile's border that count as near it."""


@dataclass(frozen=True)
class Comparison:
    """Compare tilings of one picture."""

    shape: str = "1500x1000"
    """Width and height, in pixels."""

    tiles: tuple[int, int] = (512, 0)
    """Sides of the tiles of the two gradients; 0 for the whole picture."""

    photograph: Path | None = None
    """The content; a drawn one by default."""

    model: str = "vgg19-slim"
    """The feature network; `vgg19` must have been fetched."""

    out: Path | None = None
    """Draw the differences here."""

    def run(self) -> None:
        """Compute both gradients and compare them."""
        print(json.dumps(machine.describe()))
        width, height = map(int, re.fullmatch(r"(\d+)x(\d+)", self.shape).groups())  # pyright: ignore[reportOptionalMemberAccess]
        settings = Settings(size=max(width, height), smallest_size=max(width, height), model=self.model)
        photograph = read_picture(self.photograph).pixels if self.photograph else demo_photograph()
        job = Job(resize(photograph, height, width), (next(iter(PAINTINGS.values()))(512, 512),), settings)
        first, second = (self._gradient(job, (height, width), side or max(width, height) + 64) for side in self.tiles)
        near = self._borders(settings, (height, width))
        scale = np.sqrt(np.mean(second**2))
        difference = np.abs(first - second).max(2) / scale
        print(f"relative difference of the gradients: {np.sqrt(np.mean((first - second) ** 2)) / scale:.1e}")
        for where, there in (("near the borders", near), ("elsewhere", ~near)):
            most, switched = np.quantile(difference[there], 0.99), np.mean(difference[there] > 1e-3)
            print(f"{where}: {most:.1e} at most in 99% of the pixels, more than 0.001 in {switched:.3%}")
        if self.out:
            Image.fromarray((255 * np.minimum(100 * difference, 1)).astype(np.uint8)).save(self.out)

    def _gradient(self, job: Job, shape: tuple[int, int], side: int) -> np.ndarray:
        model, began = load_model(self.model), time.monotonic()
        static = StaticConfig.of(job.settings)
        spec = static.objective
        targets = tiled_targets(model, job, *shape, spec, side=side)
        weights = of_picture(stacked_weights([job], layer_shapes(model, *shape, spec.layers)), 0)
        variable = static.space.from_image(starting_images([job], *shape)[0])
        found = tiled_value_and_gradient(model, variable, targets, weights, static, side=side)
        print(
            f"tiles of {side}: total {found.total:.7g}, {time.monotonic() - began:.0f} s with targets and compilation",
            flush=True,
        )
        return found.gradient

    def _borders(self, settings: Settings, shape: tuple[int, int]) -> np.ndarray:
        """Whether each pixel is near a border of the first tiling."""
        near = np.zeros(shape, bool)
        for rows, columns in tiles_of(*shape, self.tiles[0], StaticConfig.of(settings).objective.layers):
            for span, axis in ((rows, near), (columns, near.T)):
                if span.first:
                    axis[span.first - BORDER : span.first + BORDER] = True
        return near


if __name__ == "__main__":
    jax.config.update("jax_compilation_cache_dir", None)
    tyro.cli(Comparison).run()

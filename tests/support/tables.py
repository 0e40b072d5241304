"""For tests that paint tables: pictures, styles and a network in a folder, and the command that paints them."""

from pathlib import Path

import numpy as np
from objectives import SHALLOW_FLAGS

from stylejax.images.io.write import write_picture
from stylejax.weights.weight_set import WeightSet, write_weights

COUNT = 6
MAIN = "from stylejax.cli.main import main; main()"


def flags(*, size: int, iterations: int) -> list[str]:
    """Of a run that is over soon: the tiny network, one scale, two pictures at once."""
    sizes = ["--size", str(size), "--smallest-size", str(size), *SHALLOW_FLAGS]
    return ["--model", "tiny.safetensors", *sizes, "--iterations", str(iterations), "--batch-size", "2"]


def write_material(folder: Path, weights: WeightSet) -> Path:
    """Write `COUNT` contents of one shape, c0.png and so on, the styles s0.png and s1.png, and tiny.safetensors."""
    y, x = np.mgrid[0:48, 0:64].astype(np.float32)
    for number in range(COUNT):
        write_picture(folder / f"c{number}.png", np.stack([x / 64, y / 48, 0.5 + 0.5 * np.sin(x / (3 + number))], -1))
    for number in range(2):
        write_picture(folder / f"s{number}.png", np.stack([0.5 + 0.5 * np.sin(x / 3 + y / (4 + number)), y / 48, 0 * x], -1))
    write_weights(folder / "tiny.safetensors", weights)
    return folder

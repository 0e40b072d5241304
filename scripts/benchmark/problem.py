"""The benchmark problem for both sides, and the number of floating-point operations of a step.

The objective has the common features of the published programs: Gram matrices of relu1_1 to relu5_1, content at relu4_2, mean
squared errors, zero padding, max pooling, and Adam with clamping. Weights are random, because the time does not depend on their
values.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from reference import seeded

NETWORKS = {"vgg19": (64, 128, 256, 512, 512), "vgg19-slim": (16, 32, 64, 128, 128)}
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONTENT_LAYER = "relu4_2"
DEEPEST = 13
"""Number of convolutions up to conv5_1."""

NetworkName = Literal["vgg19", "vgg19-slim"]


@dataclass(frozen=True)
class Problem:
    """One row of the table: a batch of `batch` square pictures of `size` pixels."""

    network: NetworkName
    size: int
    batch: int

    def weights(self) -> dict[str, np.ndarray]:
        """Seeded kernels `[3, 3, in, out]` and biases."""
        return seeded.weights(NETWORKS[self.network], seed=0)

    def pictures(self) -> tuple[list[np.ndarray], np.ndarray]:
        """One content for each picture, and one style."""
        contents = [seeded.picture(self.size, self.size, seed=1 + number) for number in range(self.batch)]
        return contents, seeded.picture(self.size, self.size, seed=1000)

    def operations(self) -> float:
        """Number of floating-point operations of one step of the whole batch with the direct algorithm.

        Convolutions and Gram matrices, forward and backward: 0.397e12 for the full network and a picture of 512 pixels.
        """
        pixels, incoming, total = self.size**2, 3, 0.0
        for name in seeded.convolution_names()[:DEEPEST]:
            outgoing = NETWORKS[self.network][int(name[4]) - 1]
            positions = pixels / 4 ** (int(name[4]) - 1)
            total += 2 * 2 * 9 * positions * incoming * outgoing
            if name.endswith("_1"):
                total += 2 * 2 * positions * outgoing**2
            incoming = outgoing
        return total * self.batch

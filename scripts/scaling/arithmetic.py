"""From measured steps to seconds a picture: a step costs a little however small the picture, and the rest goes with its pixels.

step(p) = a + b·p                  p: pixels; a and b fitted to the measurements by relative least squares
picture = Σ steps · step(pₛ)       over the scales s, each 1/factor as long as the next, down to the smallest
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stylejax.settings.pyramid import scale_shapes
from stylejax.settings.settings import Settings


@dataclass(frozen=True)
class Costs:
    """Seconds of one chip or machine: `fixed + per_pixel · pixels` for a step, `decode` and `encode` a pixel on one core."""

    fixed: float
    per_pixel: float
    decode: float
    encode: float
    bytes: float
    """Of a finished picture, a pixel."""

    @classmethod
    def fitted(cls, rows: Sequence[dict[str, Any]]) -> "Costs":
        """Fit measurements; a negative fixed part is taken as none."""
        pixels = np.array([row["height"] * row["width"] for row in rows], float)
        seconds = np.array([row["step_seconds"] for row in rows])
        design = np.stack([np.ones_like(pixels), pixels], 1) / seconds[:, None]
        fixed, per_pixel = np.linalg.lstsq(design, np.ones_like(seconds), rcond=None)[0]
        if fixed < 0:
            fixed, per_pixel = 0.0, float(np.exp(np.mean(np.log(seconds / pixels))))
        decode, encode, size = (
            float(np.mean([row[name] for row in rows] / pixels))
            for name in ("decode_seconds", "encode_seconds", "output_bytes")
        )
        return cls(float(fixed), float(per_pixel), decode, encode, size)

    def step(self, pixels: float) -> float:
        """Seconds of one step of one picture."""
        return self.fixed + self.per_pixel * pixels

    def picture(self, settings: Settings, height: int = 3, width: int = 4) -> float:
        """Seconds of painting one picture of this aspect."""
        shapes = scale_shapes(height * 1000, width * 1000, settings)
        return sum(
            steps * self.step(rows * columns)
            for steps, (rows, columns) in zip(settings.steps(len(shapes)), shapes, strict=True)
        )


def images_per_hour(seconds: float, chips: int, efficiency: float = 1.0) -> float:
    """Pictures an hour of so many chips, each of which takes `seconds` a picture."""
    return 3600 / seconds * chips * efficiency


def cost_per_thousand(seconds: float, price: float, efficiency: float = 1.0) -> float:
    """What a thousand pictures cost at `price` a chip and hour, idle time paid for."""
    return price * 1000 * seconds / 3600 / efficiency

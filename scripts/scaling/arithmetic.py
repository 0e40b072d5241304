"""A model of the time per picture from measured step times.

step(p) = a + b·p                  p: pixels; a and b fitted to the measurements by relative least squares
picture = Σ steps · step(pₛ)       sum over the scales s
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stylejax.settings.pyramid import scale_shapes
from stylejax.settings.settings import Settings


@dataclass(frozen=True)
class Costs:
    """Seconds of one chip or machine: `fixed + per_pixel · pixels` per step, `decode` and `encode` per pixel on one core."""

    fixed: float
    per_pixel: float
    decode: float
    encode: float
    bytes: float
    """Bytes per pixel of a finished picture."""

    @classmethod
    def fitted(cls, rows: Sequence[dict[str, Any]]) -> "Costs":
        """Fit the model to measurements; a negative fixed part is replaced by zero."""
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
        """Seconds per step for one picture."""
        return self.fixed + self.per_pixel * pixels

    def picture(self, settings: Settings, *, height: int = 3, width: int = 4) -> float:
        """Seconds to optimize one picture with the aspect `height` : `width`."""
        shapes = scale_shapes(height * 1000, width * 1000, settings)
        return sum(
            steps * self.step(rows * columns)
            for steps, (rows, columns) in zip(settings.steps(len(shapes)), shapes, strict=True)
        )


def images_per_hour(seconds: float, chips: int, *, efficiency: float = 1.0) -> float:
    """Pictures per hour of `chips` chips, with `seconds` per picture and chip."""
    return 3600 / seconds * chips * efficiency


def cost_per_thousand(seconds: float, price: float, *, efficiency: float = 1.0) -> float:
    """Cost of a thousand pictures at `price` per chip and hour, including idle time."""
    return price * 1000 * seconds / 3600 / efficiency

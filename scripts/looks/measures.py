"""Distances of a result from its style and its content, as ratios.

    palette   SW₁(result, style) / SW₁(content, style)        0: the style's colors, 1: unchanged
    style     mean over layers of W₂²(result, style) / W₂²(content, style)     the same, for features
    content   mean (N(result) - N(content))² / 2              0: everything kept, 1: nothing kept

SW₁ is the sliced Wasserstein-1 distance of colors. W₂² is the squared Wasserstein-2 distance of normal distributions, exact and
in float64. N normalizes each channel to mean 0 and standard deviation 1, so the mean squared difference of unrelated pictures
is 2, the sum of two variances.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stylejax.errors import ImageError

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONTENT_LAYER = "relu4_2"
DIRECTIONS = 64
QUANTILES = 256
_LEAST_PALETTE_DISTANCE = 1e-4  # a fortieth of a level of 255; below, two pictures have the same colors


class Normal(NamedTuple):
    """A normal distribution of features: mean `[channels]` and covariance `[channels, channels]`."""

    mean: np.ndarray
    covariance: np.ndarray


@dataclass(frozen=True, eq=False)
class Look:
    """Statistics and features of one picture, from which the ratios are computed."""

    palette: np.ndarray
    """Quantiles of the colors along each direction, `[quantiles, directions]`."""
    styles: dict[str, Normal]
    """Distributions of features by style layer."""
    content: np.ndarray
    """Normalized features, `[rows, columns, channels]`."""


class Ratios(NamedTuple):
    """Ratios of a result; lower is better."""

    palette: float
    style: float
    content: float

    @property
    def sum(self) -> float:
        """Sum of the ratios: 2 for the unchanged content, and about 1 for a copy of the style."""
        return self.palette + self.style + self.content


def ratios(content: Look, style: Look, result: Look) -> Ratios:
    """Compare a result with its content and its style; content and result have the same shape.

    Raises:
        ImageError: content and style have the same colors.
    """
    whole = palette_distance(content.palette, style.palette)
    if whole < _LEAST_PALETTE_DISTANCE:
        raise ImageError("content and style have the same colors, so palettes cannot be compared; choose other pictures")
    near, far = (
        np.array([squared_wasserstein(look.styles[layer], style.styles[layer]) for layer in STYLE_LAYERS])
        for look in (result, content)
    )
    colors = palette_distance(result.palette, style.palette) / whole
    return Ratios(colors, float(np.mean(near / far)), content_distance(result.content, content.content))


def palette(pixels: np.ndarray) -> np.ndarray:
    """Quantiles of the colors `[..., 3]` along random directions, which are the same for all pictures."""
    directions = np.random.default_rng(0).normal(size=(3, DIRECTIONS))
    directions /= np.linalg.norm(directions, axis=0)
    return np.quantile(pixels.reshape(-1, 3) @ directions, (np.arange(QUANTILES) + 0.5) / QUANTILES, axis=0)


def palette_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Sliced Wasserstein-1 distance; in one dimension it is the mean absolute difference of quantiles."""
    return float(np.abs(a - b).mean())


def normal(features: np.ndarray) -> Normal:
    """The normal distribution with the mean and covariance of `[rows, columns, channels]` over positions."""
    flat = np.asarray(features, np.float64).reshape(-1, features.shape[-1])
    mean = flat.mean(0)
    flat = flat - mean
    return Normal(mean, flat.T @ flat / len(flat))


def squared_wasserstein(a: Normal, b: Normal) -> float:
    """Squared Wasserstein-2 distance, ‖μ - μ'‖² + tr(Σ + Σ' - 2 (Σ'^½ Σ Σ'^½)^½)."""
    values, vectors = np.linalg.eigh(b.covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ a.covariance @ root), 0)).sum()  # the trace of the square root
    return max(0.0, float(((a.mean - b.mean) ** 2).sum() + np.trace(a.covariance + b.covariance) - 2 * cross))


def normalized(features: np.ndarray) -> np.ndarray:
    """Normalize features `[rows, columns, channels]` to mean 0 and deviation 1, or less for nearly constant channels."""
    features = np.asarray(features, np.float64)
    deviation = features.std((0, 1))
    return (features - features.mean((0, 1))) / (deviation + 1e-3 * deviation.mean() + 1e-9)


def content_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Mean squared difference of normalized features, divided by 2, the value for unrelated pictures."""
    return float(((a - b) ** 2).mean() / 2)

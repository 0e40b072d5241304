"""Color transfer between pictures, to keep the colors of the content.

Two methods, both from Gatys, Bethge, Hertzmann and Shechtman, "Preserving Color in Neural Artistic Style Transfer", 2016, and
Gatys et al., "Controlling Perceptual Factors in Neural Style Transfer", CVPR 2017, section 5:

luminance   transfer the style in luminance only: `to_luminance` before the run, `restore_chroma` after it.
match       transform the style's colors to the mean and covariance of the content's before the run: `match_color`.

Pictures are samples of sRGB `[height, width, 3]` (`picture`), and results float32 in [0, 1]. As in the paper, computations use
the stored values without linearization: luminance is the Y of YIQ (ITU-R BT.601 luma), chroma its I and Q.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from stylejax.choices import ColorMatchName
from stylejax.images.bands import Bands, bands
from stylejax.images.picture import unit_values
from stylejax.types import AnyHostAlpha, AnyHostSamples, HostImage, HostSamples

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue in Y (ITU-R BT.601): the first row of the matrix from RGB to YIQ."""

VARIANCE_FLOOR = 1e-4
"""Lower bound of the variance along each principal axis of the style's colors, (2.5/255)². Smaller variances are noise, and
scaling them to the content's variance would produce colored grain."""


class ColorStatistics(NamedTuple):
    """Mean and covariance of the colors of a picture, in float64."""

    mean: np.ndarray
    """`[3]`."""
    covariance: np.ndarray
    """`[3, 3]`."""


def to_luminance(
    picture: HostSamples,
    *,
    like: AnyHostSamples | None = None,
    opacity: np.ndarray | None = None,
    like_opacity: np.ndarray | None = None,
) -> HostImage:
    """Convert a picture to grayscale, with Y in all three channels, which are one in memory.

    Args:
        picture: the picture to convert.
        like: the content, if `picture` is a style. Luminance is then transformed to the mean and standard deviation of the
            content's, `(Y - μ_S) σ_C/σ_S + μ_C` (Gatys et al. 2017, section 5.1), so that a dark style fits a bright content. A
            constant style becomes the mean of the content.
        opacity: weights of the pixels of `picture`, `[height, width]`; equal weights by default.
        like_opacity: the same for `like`.
    """
    gray = _luminance(picture)
    if like is not None:
        (mean, deviation), (wanted_mean, wanted) = _moments(gray, opacity), _moments(_luminance(like), like_opacity)
        for rows in bands(len(gray)):
            gray[rows] = np.clip((gray[rows] - mean) * (wanted / max(deviation, VARIANCE_FLOOR**0.5)) + wanted_mean, 0, 1)
    return np.broadcast_to(np.clip(gray, 0, 1, out=gray)[..., np.newaxis], picture.shape)


def restore_chroma(stylized: HostImage, content: Bands, *, out: HostImage | None = None) -> HostImage:
    """Combine the luminance of `stylized` with the chroma of `content`, a picture of the same shape.

    Luminance is preserved exactly. Differs from the paper for colors outside [0, 1]: clipping would change luminance and hue,
    so their chroma is reduced instead, as little as possible.

    Args:
        stylized: provides luminance.
        content: samples that provide chroma.
        out: receives the result, and may be `stylized` itself; a new array by default.
    """
    result = np.empty_like(stylized) if out is None else out
    for rows in bands(len(stylized)):
        gray, colors = (stylized[rows] @ LUMA).clip(0, 1)[..., np.newaxis], unit_values(content[rows])
        # RGB - Y is a linear function of (I, Q) and zero for grays: adding it to another Y preserves I and Q.
        chroma = colors - (colors @ LUMA)[..., np.newaxis]
        room = np.where(chroma > 0, 1 - gray, gray)
        share = np.min(room / np.maximum(np.abs(chroma), 1e-12), axis=2, keepdims=True)
        np.clip(gray + np.minimum(share, 1) * chroma, 0, 1, out=result[rows])
    return result


def match_color(
    style: HostSamples,
    content: AnyHostSamples,
    *,
    method: ColorMatchName = "cholesky",
    opacity: np.ndarray | None = None,
    content_opacity: np.ndarray | None = None,
) -> HostImage:
    """Transform the style's colors to the mean and covariance of the content's, clipped to [0, 1].

    Args:
        style: the picture to transform, of any shape.
        content: a picture of any shape.
        method: selects one of the possible matrices; see `color_transform`.
        opacity: weights of the style's pixels, `[height, width]`; equal weights by default.
        content_opacity: the same for the content.
    """
    before, after = color_statistics(style, mask=opacity), color_statistics(content, mask=content_opacity)
    return apply_transform(style, *transform_between(before, after, method))


def apply_transform(picture: HostSamples, matrix: np.ndarray, offset: np.ndarray) -> HostImage:
    """`A x + b` of every color `x`, clipped to [0, 1]; `matrix` is `[3, 3]` and `offset` `[3]`."""
    result, turned, shift = np.empty(picture.shape, np.float32), matrix.T.astype(np.float32), offset.astype(np.float32)
    for rows in bands(len(picture)):
        np.clip(unit_values(picture[rows]) @ turned + shift, 0, 1, out=result[rows])
    return result


def color_transform(style: AnyHostSamples, content: AnyHostSamples, method: ColorMatchName) -> tuple[np.ndarray, np.ndarray]:
    """Find `A` `[3, 3]` and `b` `[3]`, float64, such that the colors `A x + b` have the content's mean and covariance.

    A Σ_S Aᵀ = Σ_C has many solutions:

    cholesky    A = L_C L_S⁻¹, of the Cholesky factors Σ = L Lᵀ
    pca         A = Σ_C^½ Σ_S^-½, both along their principal axes           "image analogies" in Gatys et al. 2016
    symmetric   A = Σ_S^-½ (Σ_S^½ Σ_C Σ_S^½)^½ Σ_S^-½                       Pitié and Kokaram 2007: least change of colors

    `pca` and `symmetric` are equal if Σ_S and Σ_C have the same principal axes. If the variance of the style along an axis is
    below `VARIANCE_FLOOR`, as for grayscale or constant pictures, the result has less variance than the content.
    """
    return transform_between(color_statistics(style), color_statistics(content), method)


def transform_between(before: ColorStatistics, after: ColorStatistics, method: ColorMatchName) -> tuple[np.ndarray, np.ndarray]:
    """`color_transform` for given statistics: if `x` has the statistics `before`, then `A x + b` has `after`."""
    source, target = _floored(before.covariance, VARIANCE_FLOOR), _floored(after.covariance, 1e-12)
    if method == "cholesky":
        matrix = np.linalg.cholesky(target) @ np.linalg.inv(np.linalg.cholesky(source))
    elif method == "pca":
        matrix = _power(target, 0.5) @ _power(source, -0.5)
    else:
        root, inverse = _power(source, 0.5), _power(source, -0.5)
        matrix = inverse @ _power(root @ target @ root, 0.5) @ inverse
    return matrix, after.mean - matrix @ before.mean


def color_statistics(picture: Bands, *, mask: np.ndarray | None = None) -> ColorStatistics:
    """Mean and covariance of the colors, accumulated row by row, which avoids a float64 copy of the picture.

    Args:
        picture: samples of a picture of any shape.
        mask: weights of the pixels, `[height, width]`, not all 0; equal weights by default.
    """
    count, first, second = 0.0, np.zeros(3), np.zeros((3, 3))
    height, width, _ = picture.shape
    for rows in bands(height):
        for number, row in enumerate(picture[rows], start=rows.start):
            colors = unit_values(row).astype(np.float64)
            counts = np.ones(width) if mask is None else mask[number].astype(np.float64)
            count += counts.sum()
            first += counts @ colors
            second += (colors * counts[:, np.newaxis]).T @ colors
    mean = first / count
    return ColorStatistics(mean, second / count - np.outer(mean, mean))


def floor_variance(colors: ColorStatistics) -> ColorStatistics:
    """Raise the variance along each principal axis to at least `VARIANCE_FLOOR`, as `transform_between` does."""
    return ColorStatistics(colors.mean, _floored(colors.covariance, VARIANCE_FLOOR))


def mix_statistics(parts: Sequence[ColorStatistics], shares: Sequence[float]) -> ColorStatistics:
    """Statistics of a mixture of pictures, each with its share of the pixels; the shares sum to one."""
    mean = sum(share * part.mean for share, part in zip(shares, parts, strict=True))
    around = [part.covariance + np.outer(part.mean - mean, part.mean - mean) for part in parts]
    return ColorStatistics(np.asarray(mean), np.asarray(sum(share * each for share, each in zip(shares, around, strict=True))))


def _luminance(picture: AnyHostSamples) -> AnyHostAlpha:
    gray = np.empty(picture.shape[:2], np.float32)
    for rows in bands(len(picture)):
        gray[rows] = unit_values(picture[rows]) @ LUMA
    return gray


def _moments(gray: np.ndarray, counts: np.ndarray | None) -> tuple[np.float64, np.float64]:
    """Mean and standard deviation, weighted by `counts`, accumulated in float64."""

    def average(of: Callable[[np.ndarray], np.ndarray]) -> np.float64:
        count, total = np.float64(0), np.float64(0)
        for rows in bands(len(gray)):
            weights = np.ones_like(gray[rows]) if counts is None else counts[rows]
            count += weights.sum(dtype=np.float64)
            total += (weights * of(gray[rows].astype(np.float64))).sum()
        return total / count

    mean = average(lambda values: values)
    return mean, average(lambda values: (values - mean) ** 2) ** 0.5


def _floored(covariance: np.ndarray, floor: float) -> np.ndarray:
    values, axes = np.linalg.eigh(covariance)
    return (axes * np.maximum(values, floor)) @ axes.T


def _power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    """Power of a symmetric positive semidefinite matrix."""
    values, axes = np.linalg.eigh(matrix)
    return (axes * np.maximum(values, 1e-24) ** exponent) @ axes.T

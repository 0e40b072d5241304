"""Color control: painting with the content's own colors.

Two ways, both of Gatys, Bethge, Hertzmann and Shechtman, "Preserving Color in Neural Artistic Style Transfer", 2016, and
Gatys et al., "Controlling Perceptual Factors in Neural Style Transfer", CVPR 2017, section 5:

luminance   only brightness is painted: `luminance_of` both pictures before, `keep_luminance` after.
match       the style's colors are moved to the content's mean and covariance before: `match_color`.

Pictures are float32 sRGB `[height, width, 3]` in [0, 1]. As in the paper, colors are taken as they are stored, without
linearizing them: luminance is the Y of YIQ (ITU-R BT.601 luma), chroma its I and Q.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stylejax.choices import ColorMatchName
from stylejax.types import AnyHostImage, HostImage

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue in Y: ITU-R BT.601, the first row of the matrix from RGB to YIQ."""

VARIANCE_FLOOR = 1e-4
"""Least variance that a color direction of the style counts as having, (2.5/255)²: what is flatter is noise, and stretching
it to the content's variance would show as colored grain."""


class Colors(NamedTuple):
    """How the colors of a picture are distributed, in float64."""

    mean: np.ndarray
    """`[3]`."""
    covariance: np.ndarray
    """`[3, 3]`."""


def luminance_of(
    picture: HostImage,
    *,
    like: AnyHostImage | None = None,
    opacity: np.ndarray | None = None,
    like_opacity: np.ndarray | None = None,
) -> HostImage:
    """The picture in grays, `Y` in all three channels.

    Args:
        picture: to be made gray.
        like: the content, when `picture` is a style: its luminance is moved to the content's mean and standard deviation,
            `(Y - μ_S) σ_C/σ_S + μ_C` (Gatys et al. 2017, section 5.1), so that a dark style still fits a bright content. A flat
            style becomes the content's mean.
        opacity: how much each pixel of `picture` counts, `[height, width]`; all alike by default.
        like_opacity: the same for `like`.
    """
    gray = picture @ LUMA
    if like is not None:
        (mean, deviation), (wanted_mean, wanted) = _moments(gray, opacity), _moments(like @ LUMA, like_opacity)
        gray = (gray - mean) * (wanted / max(deviation, VARIANCE_FLOOR**0.5)) + wanted_mean
    return np.repeat(np.clip(gray, 0, 1).astype(np.float32)[..., np.newaxis], 3, axis=2)


def keep_luminance(painted: HostImage, content: HostImage) -> HostImage:
    """The luminance of `painted` with the chroma of `content`, a picture of the same shape.

    Luminance is kept exactly. Differs from the paper where a color would leave [0, 1]: instead of clipping, which would
    change luminance and hue, its chroma shrinks just enough.
    """
    gray = (painted @ LUMA).clip(0, 1)[..., np.newaxis]
    # RGB minus Y is zero for a gray and a linear image of (I, Q): adding it to another Y leaves I and Q as they are.
    chroma = content - (content @ LUMA)[..., np.newaxis]
    room = np.where(chroma > 0, 1 - gray, gray)
    share = np.min(room / np.maximum(np.abs(chroma), 1e-12), axis=2, keepdims=True)
    return np.clip(gray + np.minimum(share, 1) * chroma, 0, 1)


def match_color(
    style: HostImage,
    content: AnyHostImage,
    method: ColorMatchName = "cholesky",
    *,
    opacity: np.ndarray | None = None,
    content_opacity: np.ndarray | None = None,
) -> HostImage:
    """The style with its colors moved to the mean and covariance of the content's, clipped to [0, 1].

    Args:
        style: of any shape.
        content: of any shape.
        method: which of the matrices that do so; see `color_transform`.
        opacity: how much each pixel of the style counts, `[height, width]`; all alike by default.
        content_opacity: the same for the content.
    """
    matrix, offset = transform_between(colors_of(style, opacity), colors_of(content, content_opacity), method)
    return np.clip(style @ matrix.T.astype(np.float32) + offset.astype(np.float32), 0, 1)


def color_transform(style: AnyHostImage, content: AnyHostImage, method: ColorMatchName) -> tuple[np.ndarray, np.ndarray]:
    """`A` `[3, 3]` and `b` `[3]`, float64, for which the colors `A x + b` have the content's mean and covariance.

    A Σ_S Aᵀ = Σ_C has many solutions:

    cholesky    A = L_C L_S⁻¹, of the Cholesky factors Σ = L Lᵀ
    pca         A = Σ_C^½ Σ_S^-½, both along their principal axes           "image analogies" in Gatys et al. 2016
    symmetric   A = Σ_S^-½ (Σ_S^½ Σ_C Σ_S^½)^½ Σ_S^-½                       Pitié and Kokaram 2007: the least movement

    `pca` and `symmetric` are equal when Σ_S and Σ_C have the same principal axes. Where the style is flatter than
    `VARIANCE_FLOOR` along some axis, as a gray or a flat picture is, no matrix does it, and the result is flatter too.
    """
    return transform_between(colors_of(style), colors_of(content), method)


def transform_between(before: Colors, after: Colors, method: ColorMatchName) -> tuple[np.ndarray, np.ndarray]:
    """The same for given distributions: `A x + b` is distributed as `after` where x is as `before`."""
    source, target = _floored(before.covariance, VARIANCE_FLOOR), _floored(after.covariance, 1e-12)
    if method == "cholesky":
        matrix = np.linalg.cholesky(target) @ np.linalg.inv(np.linalg.cholesky(source))
    elif method == "pca":
        matrix = _power(target, 0.5) @ _power(source, -0.5)
    else:
        root, inverse = _power(source, 0.5), _power(source, -0.5)
        matrix = inverse @ _power(root @ target @ root, 0.5) @ inverse
    return matrix, after.mean - matrix @ before.mean


def colors_of(picture: AnyHostImage, mask: np.ndarray | None = None) -> Colors:
    """Mean and covariance of the colors.

    They are summed up row by row: a copy in float64 of a large picture takes much memory.

    Args:
        picture: of any shape.
        mask: how much each pixel counts, `[height, width]`, not all 0; all alike by default.
    """
    count, first, second = 0.0, np.zeros(3), np.zeros((3, 3))
    for number, row in enumerate(picture):
        colors = row.astype(np.float64)
        counts = np.ones(len(row)) if mask is None else mask[number].astype(np.float64)
        count += counts.sum()
        first += counts @ colors
        second += (colors * counts[:, np.newaxis]).T @ colors
    mean = first / count
    return Colors(mean, second / count - np.outer(mean, mean))


def not_flat(colors: Colors) -> Colors:
    """The same with at least `VARIANCE_FLOOR` along each axis, which `transform_between` takes them to have in any case."""
    return Colors(colors.mean, _floored(colors.covariance, VARIANCE_FLOOR))


def mixed_colors(parts: Sequence[Colors], shares: Sequence[float]) -> Colors:
    """The colors of a picture in which each of several others has its share of the pixels; the shares add up to one."""
    mean = sum(share * part.mean for share, part in zip(shares, parts, strict=True))
    around = [part.covariance + np.outer(part.mean - mean, part.mean - mean) for part in parts]
    return Colors(np.asarray(mean), np.asarray(sum(share * each for share, each in zip(shares, around, strict=True))))


def _moments(gray: np.ndarray, counts: np.ndarray | None) -> tuple[float, float]:
    """Mean and standard deviation, each pixel counted so often."""
    if counts is None:
        return gray.mean(dtype=np.float64), gray.std(dtype=np.float64)
    mean = np.average(gray, weights=counts)
    return mean, np.average((gray - mean) ** 2, weights=counts) ** 0.5


def _floored(covariance: np.ndarray, floor: float) -> np.ndarray:
    values, axes = np.linalg.eigh(covariance)
    return (axes * np.maximum(values, floor)) @ axes.T


def _power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    """A power of a symmetric positive semidefinite matrix."""
    values, axes = np.linalg.eigh(matrix)
    return (axes * np.maximum(values, 1e-24) ** exponent) @ axes.T

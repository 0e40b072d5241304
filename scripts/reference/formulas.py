"""Losses in PyTorch, from the formulas of the papers.

Features are `[channels, rows, columns]`, pictures `[height, width, 3]`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

Statistics = tuple[Tensor, ...]
Distance = Callable[[Statistics, Statistics], Tensor]


def gram(features: Tensor) -> Statistics:
    """G_ij = Σ_k F_ik F_jk (Gatys et al. 2016, eq. 3), over the number of positions."""
    flat = features.flatten(1)
    return (torch.einsum("ik,jk->ij", flat, flat) / flat.shape[1],)


def undivided_gram(features: Tensor) -> Statistics:
    """G_ij = Σ_k F_ik F_jk, and the number of positions M, by which the paper divides the loss."""
    flat = features.flatten(1)
    return flat @ flat.T, torch.tensor(float(flat.shape[1]), dtype=flat.dtype)


def undivided_gram_and_size(features: Tensor) -> Statistics:
    """The undivided Gram matrix, and C·H·W."""
    flat = features.flatten(1)
    return flat @ flat.T, torch.tensor(float(flat.numel()), dtype=flat.dtype)


def gram_over_elements(features: Tensor) -> Statistics:
    """The Gram matrix over C·H·W (Johnson's neural-style)."""
    flat = features.flatten(1)
    return (flat @ flat.T / flat.numel(),)


def half_squared_error(measured: Statistics, target: Statistics) -> Tensor:
    """½ Σ (F - P)² (Gatys et al. 2016, eq. 1)."""
    return 0.5 * torch.sum((measured[0] - target[0]) ** 2)


def gatys_style(measured: Statistics, target: Statistics) -> Tensor:
    """1/(4 N² M²) Σ (G - A)² (Gatys et al. 2016, eq. 4); each Gram matrix is divided by its own M."""
    (g, m), (a, n) = measured, target
    return torch.sum((g / m - a / n) ** 2) / (4 * g.shape[0] ** 2)


def per_channel_squared(measured: Statistics, target: Statistics) -> Tensor:
    """Mean of (G - A)² over C² (the authors' code, whose Gram matrix is divided by the number of positions)."""
    return torch.mean((measured[0] - target[0]) ** 2) / measured[0].shape[0] ** 2


def spst_style(measured: Statistics, target: Statistics) -> Tensor:
    """1e3/C² of the mean of (G - A)², and 1e4 of the means of (μ - μ')² and of (σ - σ')² (Galerne et al. 2024, their code)."""
    grams, means, deviations = (torch.mean((a - b) ** 2) for a, b in zip(measured, target, strict=True))
    return 1e3 / measured[0].shape[0] ** 2 * grams + 1e4 * (means + deviations)


def relative_gram_and_moments(measured: Statistics, target: Statistics) -> Tensor:
    """‖G - A‖² / ‖A‖² + 2 (‖μ - μ'‖² + ‖σ - σ'‖²) / ‖σ'‖²."""
    return relative_mean_squares(measured[:1], target[:1]) + 2 * relative_moments(measured[1:], target[1:])


def udacity_style(measured: Statistics, target: Statistics) -> Tensor:
    """Mean of (G - A)² of the undivided Gram matrices, over C·H·W of the picture."""
    return torch.mean((measured[0] - target[0]) ** 2) / measured[1]


def gram_and_mean(features: Tensor) -> Statistics:
    """The Gram matrix, and the mean of each channel."""
    return (*gram(features), features.mean((1, 2)))


def mean_and_deviation(features: Tensor) -> Statistics:
    """Mean and standard deviation of each channel (Huang and Belongie 2017, eqs. 5 and 6), not Bessel-corrected."""
    centered = features - features.mean((1, 2), keepdim=True)
    return features.mean((1, 2)), torch.sqrt((centered**2).mean((1, 2)) + 1e-8)


def gram_mean_and_deviation(features: Tensor) -> Statistics:
    """The Gram matrix, and mean and standard deviation of each channel (Galerne et al. 2024)."""
    return (*gram(features), *mean_and_deviation(features))


def mean_and_covariance(features: Tensor) -> Statistics:
    """Mean and covariance of the channels."""
    flat = features.flatten(1)
    centered = flat - flat.mean(1, keepdim=True)
    return flat.mean(1), centered @ centered.T / flat.shape[1]


def mixed_mean_and_covariance(features: list[Tensor], shares: list[float]) -> Statistics:
    """Mean and covariance over the positions of several pictures, weighted by the share of each picture."""
    flat = torch.cat([each.flatten(1) for each in features], 1)
    sizes = [each[0].numel() for each in features]
    counts = [torch.full((size,), share / size, dtype=flat.dtype) for size, share in _pairs(sizes, shares)]
    weights = torch.cat(counts) / sum(shares)
    mean = flat @ weights
    centered = flat - mean[:, None]
    return mean, torch.einsum("ik,jk,k->ij", centered, centered, weights)


def mixed_mean_and_deviation(features: list[Tensor], shares: list[float]) -> Statistics:
    """Mean and standard deviation over the positions of several pictures."""
    mean, covariance = mixed_mean_and_covariance(features, shares)
    return mean, torch.sqrt(torch.diagonal(covariance) + 1e-8)


def instance_normalized(features: Tensor) -> Tensor:
    """(F - μ) / √(σ² + ε) of each channel (Ulyanov et al. 2016, eq. 1), with ε = 1e-12 + 1e-6 of the mean σ² over channels."""
    flat = features.flatten(1)
    variance, mean = torch.var_mean(flat, 1, correction=0, keepdim=True)
    return ((flat - mean) / torch.sqrt(variance + 1e-6 * variance.mean() + 1e-12)).view_as(features)


def plain(features: Tensor) -> Tensor:
    """Identity."""
    return features


def mean_squares(measured: Statistics, target: Statistics) -> Tensor:
    """Σ over the parts of the mean of squared differences."""
    return torch.stack([torch.mean((a - b) ** 2) for a, b in zip(measured, target, strict=True)]).sum()


def relative_mean_squares(measured: Statistics, target: Statistics) -> Tensor:
    """The same, each part divided by its target's mean square."""
    return torch.stack([torch.mean((a - b) ** 2) / torch.mean(b**2) for a, b in zip(measured, target, strict=True)]).sum()


def wasserstein(measured: Statistics, target: Statistics) -> Tensor:
    """Squared Wasserstein-2 distance of two normal distributions, as Crowson 2021 computes it, per channel.

    ‖μ - μ'‖² + tr(Σ + Σ' - 2 (Σ'^½ Σ Σ'^½)^½), both covariances with 1e-4 on their diagonals.
    """
    (mean, covariance), (target_mean, target_covariance) = measured, target
    ridge = 1e-4 * torch.eye(mean.shape[0], dtype=mean.dtype)
    a, b = covariance + ridge, target_covariance + ridge
    root = newton_schulz(b)
    trace = torch.trace(a) + torch.trace(b) - 2 * torch.trace(newton_schulz(root @ a @ root))
    return torch.mean((mean - target_mean) ** 2) + trace / mean.shape[0]


def relative_wasserstein(measured: Statistics, target: Statistics) -> Tensor:
    """The same, over the target's mean variance."""
    return wasserstein(measured, target) / torch.mean(torch.diagonal(target[1]))


def relative_covariance(measured: Statistics, target: Statistics) -> Tensor:
    """‖μ - μ'‖² / tr Σ' + ‖Σ - Σ'‖² / ‖Σ'‖², Frobenius norms."""
    (mean, covariance), (target_mean, target_covariance) = measured, target
    means = torch.sum((mean - target_mean) ** 2) / torch.trace(target_covariance)
    return means + torch.sum((covariance - target_covariance) ** 2) / torch.sum(target_covariance**2)


def relative_moments(measured: Statistics, target: Statistics) -> Tensor:
    """(‖μ - μ'‖² + ‖σ - σ'‖²) / ‖σ'‖²."""
    (mean, deviation), (target_mean, target_deviation) = measured, target
    apart = torch.sum((mean - target_mean) ** 2) + torch.sum((deviation - target_deviation) ** 2)
    return apart / torch.sum(target_deviation**2)


def newton_schulz(matrix: Tensor, *, iterations: int = 12) -> Tensor:
    """Square root by the coupled iteration Y ← Y (3I - ZY)/2, Z ← (3I - ZY)/2 Z from Y = A/‖A‖_F, Z = I."""
    norm = torch.linalg.norm(matrix)
    y, z = matrix / norm, torch.eye(matrix.shape[0], dtype=matrix.dtype)
    for _ in range(iterations):
        t = 0.5 * (3 * torch.eye(matrix.shape[0], dtype=matrix.dtype) - z @ y)
        y, z = y @ t, t @ z
    return y * torch.sqrt(norm)


def squared_variation(image: Tensor) -> Tensor:
    """Means of squared differences to the right and below."""
    return torch.mean(torch.diff(image, dim=0) ** 2) + torch.mean(torch.diff(image, dim=1) ** 2)


def absolute_variation(image: Tensor) -> Tensor:
    """Sum of absolute differences (Johnson's neural-style)."""
    return torch.diff(image, dim=0).abs().sum() + torch.diff(image, dim=1).abs().sum()


def absolute_variation_of_bytes(image: Tensor) -> Tensor:
    """The same of the picture in 0-255."""
    return absolute_variation(255 * image)


def nine_point_variation(image: Tensor) -> Tensor:
    """Crowson 2021: twice the weighted means of squared differences in four directions of the edge-padded picture."""
    planes = image.permute(2, 0, 1)[None]
    padded = torch.nn.functional.pad(planes, (1, 1, 1, 1), mode="replicate")
    right = (padded[..., 1:-1, 1:] - padded[..., 1:-1, :-1])[..., 1:]
    below = (padded[..., 1:, 1:-1] - padded[..., :-1, 1:-1])[..., 1:, :]
    falling = padded[..., 1:, 1:] - padded[..., :-1, :-1]
    rising = padded[..., 1:, :-1] - padded[..., :-1, 1:]
    directions = ((right, 1 / 3), (below, 1 / 3), (falling, 1 / 12), (rising, 1 / 12))
    return 2 * torch.stack([share * torch.mean(d**2) for d, share in directions]).sum()


@dataclass(frozen=True)
class Formula:
    """One objective: statistics, distances and weights, independent of conventions of stylejax."""

    content: dict[str, float] = field(default_factory=dict)
    style: dict[str, float] = field(default_factory=dict)
    variation: float = 0.0
    content_distance: Distance = mean_squares
    content_of: Callable[[Tensor], Tensor] = plain
    """Transform of the features before the content distance."""
    measure: Callable[[Tensor], Statistics] = gram
    mixed: Callable[[list[Tensor], list[float]], Statistics] | None = None
    """Statistics of several styles; by default the weighted mean of the statistics, which is correct for means and products."""
    octaves: int = 1
    """Number of octaves; the style loss is the mean over octaves."""
    strength: float = 1.0
    """Share of the style statistics, the rest being the content's; also a factor of total variation."""
    style_distance: Distance = mean_squares
    variation_of: Callable[[Tensor], Tensor] = squared_variation

    @property
    def layers(self) -> list[str]:
        """All layers of the objective."""
        return list(dict.fromkeys([*self.content, *self.style]))

    def style_target(self, styles: list[dict[str, Tensor]], shares: list[float]) -> dict[str, Statistics]:
        """Mixed statistics of the features of several styles."""
        return {layer: self._mixed([style[layer] for style in styles], shares) for layer in self.style}

    def _mixed(self, features: list[Tensor], shares: list[float]) -> Statistics:
        if self.mixed and len(features) > 1:
            return self.mixed(features, shares)
        parts = [self.measure(each) for each in features]
        return tuple(
            torch.stack([share * part for share, part in _pairs(shares, same)]).sum(0) for same in zip(*parts, strict=True)
        )

    def terms(
        self,
        image: Tensor,
        features: list[dict[str, Tensor]],
        content: dict[str, Tensor],
        style: list[dict[str, Statistics]],
    ) -> dict[str, Tensor]:
        """The weighted terms; their sum is the objective. Features and style targets are given by octave."""
        zero = image.new_zeros(())
        contents = [
            w * self.content_distance((self.content_of(features[0][k]),), (self.content_of(content[k]),))
            for k, w in self.content.items()
        ]
        styles = [
            w * self.style_distance(self.measure(seen[k]), wanted[k])
            for seen, wanted in _pairs(features, style)
            for k, w in self.style.items()
        ]
        variation = self.strength * self.variation * self.variation_of(image) if self.variation else zero
        return {"content": sum(contents, zero), "style": sum(styles, zero) / self.octaves, "tv": variation}


def _pairs(first: Iterable[Any], second: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    return zip(first, second, strict=True)

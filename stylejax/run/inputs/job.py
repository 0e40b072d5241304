"""A job: one picture to stylize, with its pixels and its settings. A batch is a list of jobs.

The jobs of a batch agree in everything static (shapes, layers, statistic, number of steps); their numbers (every weight, the
learning rate, the seed) may differ.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from stylejax.errors import SettingsError
from stylejax.images.masks import Regions
from stylejax.images.transparency import resize_opacity, resize_weighted
from stylejax.losses.normalization import layer_factors
from stylejax.losses.objective import LossWeights
from stylejax.settings.blend import check_blend
from stylejax.settings.derived import STATIC
from stylejax.settings.pyramid import scale_shapes
from stylejax.settings.settings import Settings
from stylejax.settings.transformation import describe
from stylejax.types import AnyHostImage, HostAlpha, HostImage


class Opacity(NamedTuple):
    """Weights of the pixels of a job's pictures, `[height, width]` in [0, 1]; None where all are 1."""

    content: HostAlpha | None = None
    styles: tuple[HostAlpha | None, ...] = ()
    init: HostAlpha | None = None


OPAQUE = Opacity()


@dataclass(frozen=True, eq=False)
class Job:
    """One picture to stylize: sRGB arrays `[height, width, 3]` in [0, 1] of any sizes, and the settings."""

    content: HostImage
    styles: tuple[AnyHostImage, ...]
    settings: Settings
    init: AnyHostImage | None = None
    """The picture to start from where `settings.init` is a path."""
    regions: Regions | None = None
    """Where each style applies; everywhere if None."""
    opacity: Opacity = OPAQUE
    """Opacity of pictures that are partly transparent; colors under full transparency are filled (`images.transparency`)."""
    notes: tuple[str, ...] = ()
    """Messages to the user about the pictures and masks."""

    def __post_init__(self):
        """Raise SettingsError when the styles, their shares and the masks are inconsistent."""
        check_blend(self.settings.style_blend, styles=len(self.styles), regions=self.regions is not None)

    def content_at(self, height: int, width: int) -> HostImage:
        """The content, resized."""
        return resize_weighted(self.content, self.opacity.content, height, width, resampling=self.settings.resampling)

    def init_at(self, height: int, width: int) -> HostImage:
        """The picture to start from, resized."""
        assert self.init is not None
        return resize_weighted(self.init, self.opacity.init, height, width, resampling=self.settings.resampling)

    def style_at(self, number: int, height: int, width: int) -> HostImage:
        """The style of this index, resized."""
        return resize_weighted(
            self.styles[number], self.style_opacity(number), height, width, resampling=self.settings.resampling
        )

    def style_opacity(self, number: int) -> HostAlpha | None:
        """Weights of the pixels of a style; None where all are 1."""
        return self.opacity.styles[number] if self.opacity.styles else None

    def at(self, height: int, width: int) -> "Job":
        """This job with its content resized."""
        opacity = self.opacity.content
        if opacity is not None:
            opacity = resize_opacity(opacity, height, width)
        content = self.content_at(height, width)
        return dataclasses.replace(self, content=content, opacity=self.opacity._replace(content=opacity))


def common_shapes(jobs: Sequence[Job]) -> list[tuple[int, int]]:
    """The scales that all jobs share.

    Raises:
        SettingsError: there is no job, or two of them differ in something static; the message says in what.
    """
    if not jobs:
        raise SettingsError("got no picture to paint; give at least one content and one style")
    first = jobs[0]
    shapes = scale_shapes(first.content.shape[0], first.content.shape[1], first.settings)
    for number, job in enumerate(jobs[1:], start=2):
        for name in STATIC:
            ours, theirs = getattr(first.settings, name), getattr(job.settings, name)
            if ours != theirs:
                raise SettingsError(
                    f"picture {number} has {name} {describe(theirs)} and picture 1 has {describe(ours)}; "
                    "pictures of one batch share it, so paint them in separate batches"
                )
        if job.settings.objective_spec() != first.settings.objective_spec():
            raise SettingsError(f"picture {number} names other layers than picture 1; give a layer the weight 0 instead")
        ours, theirs = (0 if other.regions is None else len(other.regions.content) for other in (first, job))
        if theirs != ours:
            raise SettingsError(
                f"picture {number} has {theirs} regions and picture 1 has {ours}; "
                "pictures of one batch have as many, so paint them in separate batches"
            )
        if job.settings.coarsest != first.settings.coarsest:
            raise SettingsError(
                f"picture {number} starts from {job.settings.init} at {job.settings.coarsest} pixels and picture 1 from "
                f"{first.settings.init} at {first.settings.coarsest}; give both the same smallest_size"
            )
        theirs = scale_shapes(job.content.shape[0], job.content.shape[1], job.settings)
        if theirs != shapes:
            (height, width), (other_height, other_width) = shapes[-1], theirs[-1]
            raise SettingsError(
                f"picture {number} would be {other_width}×{other_height} pixels and picture 1 {width}×{height}; "
                "pictures of one batch share their shape, so group them (shapes='group') or resize them (shapes='resize')"
            )
    return shapes


def stacked_weights(jobs: Sequence[Job], layer_shapes: dict[str, tuple[int, int, int]]) -> LossWeights:
    """The loss weights of the jobs with a leading axis `batch`, including the factors of their normalization.

    Total variation penalizes what stylization adds, so its weight is proportional to `strength`: at strength 0 the photograph
    stays as it is.
    """
    rows = []
    for job in jobs:
        settings = job.settings
        factors = {layer: layer_factors(settings.normalization, shape) for layer, shape in layer_shapes.items()}
        content = [settings.content_weight * w * factors[layer][0] for layer, w in settings.content_layer_weights.items()]
        style = [settings.style_weight * w * factors[layer][1] for layer, w in settings.style_layer_weights.items()]
        rows.append(LossWeights(np.array(content), np.array(style), np.array(settings.tv_weight * settings.strength)))  # pyright: ignore
    return jax.tree.map(lambda *leaves: jnp.asarray(np.stack(leaves), jnp.float32), *rows)

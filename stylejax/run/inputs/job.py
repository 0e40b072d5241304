"""One picture to stylize, in memory: pixels and settings. A batch is a list of jobs (`stylejax.run.compatibility`)."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax
import numpy as np

from stylejax.images.bands import Bands
from stylejax.images.masks import Regions
from stylejax.images.resize import resize
from stylejax.images.transparency import resize_opacity, resize_weighted, resized_weighted
from stylejax.losses.normalization import layer_factors
from stylejax.losses.objective import LossWeights
from stylejax.losses.temporal import TemporalTarget
from stylejax.settings.blend import check_blend
from stylejax.settings.pyramid import largest_side, style_shape
from stylejax.settings.settings import Settings
from stylejax.types import AnyHostSamples, HostAlpha, HostImage, HostSamples, Shape


class Opacity(NamedTuple):
    """Weights of the pixels of a job's pictures, `[height, width]` in [0, 1]; None where all are 1."""

    content: HostAlpha | None = None
    styles: tuple[HostAlpha | None, ...] = ()
    init: HostAlpha | None = None


OPAQUE = Opacity()


class Before(NamedTuple):
    """The painting that a frame of a video has to agree with (`losses.temporal`), of the size of the frame."""

    picture: HostImage
    """The painting before it, warped along the motion."""
    trust: HostAlpha
    """The weight of each pixel, 0 to 1."""
    weight: float
    """The weight of the term."""


@dataclass(frozen=True, eq=False)
class Job:
    """One picture to stylize: sRGB arrays `[height, width, 3]` of any sizes, and the settings.

    The arrays are samples, as pictures have them (`images.picture`): a large photograph takes a quarter of what it takes in
    floating point, and is converted where it is resized.
    """

    content: HostSamples
    styles: tuple[AnyHostSamples, ...]
    settings: Settings
    init: AnyHostSamples | None = None
    """The picture to start from where `settings.init` is a path."""
    regions: Regions | None = None
    """Where each style applies; everywhere if None."""
    opacity: Opacity = OPAQUE
    """Opacity of pictures that are partly transparent; colors under full transparency are filled (`images.transparency`)."""
    notes: tuple[str, ...] = ()
    """Messages to the user about the pictures and masks."""
    before: Before | None = None
    """For a frame of a video; a program of its own."""

    def __post_init__(self):
        """Raise SettingsError when the styles, their shares and the masks are inconsistent."""
        check_blend(self.settings.style_blend, styles=len(self.styles), regions=self.regions is not None)

    @property
    def region_count(self) -> int:
        """How many regions have a style of their own."""
        return 0 if self.regions is None else len(self.regions.content)

    def content_at(self, height: int, width: int) -> HostImage:
        """The content, resized."""
        return resize_weighted(self.content, self.opacity.content, height, width, resampling=self.settings.resampling)

    def content_rows(self, height: int, width: int) -> Bands:
        """`content_at`, whose rows are computed when they are read."""
        return resized_weighted(self.content, self.opacity.content, height, width, resampling=self.settings.resampling)

    def init_rows(self, height: int, width: int) -> Bands:
        """The picture to start from, resized; rows are computed when they are read."""
        assert self.init is not None
        return resized_weighted(self.init, self.opacity.init, height, width, resampling=self.settings.resampling)

    def style_at(self, number: int, height: int, width: int) -> HostImage:
        """The style of this index, resized."""
        return resize_weighted(
            self.styles[number], self.style_opacity(number), height, width, resampling=self.settings.resampling
        )

    def style_shapes(self, height: int, width: int) -> list[Shape]:
        """The shapes of the styles at a scale of `height` and `width`."""
        tall, wide, _ = self.content.shape
        largest = largest_side(tall, wide, self.settings)
        return [style_shape(style, self.settings, height, width, largest=largest) for style in self.styles]

    def style_opacity(self, number: int) -> HostAlpha | None:
        """Weights of the pixels of a style; None where all are 1."""
        return self.opacity.styles[number] if self.opacity.styles else None

    def before_at(self, height: int, width: int) -> TemporalTarget | None:
        """The temporal target, resized."""
        if self.before is None:
            return None
        picture = resize(self.before.picture, height, width, resampling=self.settings.resampling)
        return TemporalTarget(jax.device_put(picture), jax.device_put(resize(self.before.trust, height, width)))

    def at(self, height: int, width: int) -> "Job":
        """This job with its content resized."""
        opacity = self.opacity.content
        if opacity is not None:
            opacity = resize_opacity(opacity, height, width)
        content = self.content_at(height, width)
        return dataclasses.replace(self, content=content, opacity=self.opacity._replace(content=opacity))


def stacked_weights(jobs: Sequence[Job], layer_shapes: dict[str, tuple[int, int, int]]) -> LossWeights:
    """The loss weights of the jobs with a leading axis `batch`, including the factors of their normalization.

    Total variation penalizes what stylization adds, so its weight is proportional to `strength`: at strength 0 the photograph
    stays as it is.
    """
    rows = []
    for job in jobs:
        settings = job.settings
        factors = {layer: layer_factors(settings.normalization, shape) for layer, shape in layer_shapes.items()}
        content = [settings.content_weight * w * factors[layer].content for layer, w in settings.content_layer_weights.items()]
        style = [settings.style_weight * w * factors[layer].style for layer, w in settings.style_layer_weights.items()]
        moments = None
        if settings.style_loss == "gram+moments":
            moments = np.array([settings.moments_weight * factors[layer].moments for layer in settings.style_layer_weights])
        temporal = None if job.before is None else np.array(job.before.weight)
        variation = np.array(settings.tv_weight * settings.strength)
        rows.append(LossWeights(np.array(content), np.array(style), variation, temporal, moments))  # pyright: ignore
    return jax.tree.map(lambda *leaves: jax.device_put(np.stack(leaves).astype(np.float32)), *rows)

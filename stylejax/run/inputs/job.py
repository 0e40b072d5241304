"""What is to be painted. A batch is a list of jobs, each with its own pictures and its own settings.

Jobs that are painted together must agree in everything static (shapes, layers, statistic, number of steps); their numbers
(every weight, the learning rate, the seed) may all differ.
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
from stylejax.images.picture import HostAlpha
from stylejax.images.visible import resize_opacity, resize_visible
from stylejax.losses.normalization import layer_factors
from stylejax.losses.objective import LossWeights
from stylejax.settings.blend import check_blend
from stylejax.settings.pyramid import scale_shapes
from stylejax.settings.settings import Settings
from stylejax.types import AnyHostImage, HostImage

TRACED = frozenset(
    {"content_weight", "style_weight", "tv_weight", "content_layers", "style_layers", "learning_rate", "seed", "init"}
    | {"recipe", "noise", "schedule", "style_fit", "style_blend", "style_scale", "style_size", "keep_color", "color_match"}
    | {"stop_when", "proof", "strength", "detail", "beta1", "beta2", "averaging"}
)
"""Settings that may differ between the jobs of one batch (of the layers, only the weights)."""


class Opacity(NamedTuple):
    """How much each pixel of a job's pictures counts, `[height, width]` in [0, 1]; None where all count alike."""

    content: HostAlpha | None = None
    styles: tuple[HostAlpha | None, ...] = ()
    init: HostAlpha | None = None


OPAQUE = Opacity()


@dataclass(frozen=True, eq=False)
class Job:
    """One picture to paint: sRGB arrays `[height, width, 3]` in [0, 1] of any sizes, and how."""

    content: HostImage
    styles: tuple[AnyHostImage, ...]
    settings: Settings
    init: AnyHostImage | None = None
    """The picture to start from where `settings.init` is a path."""
    regions: Regions | None = None
    """Where each style is painted; everywhere if None."""
    opacity: Opacity = OPAQUE
    """Of pictures that are partly transparent, whose colors under full transparency are filled (`images.visible`)."""
    notes: tuple[str, ...] = ()
    """What the user should know of the pictures and masks."""

    def __post_init__(self):
        """Raise SettingsError when the styles, their shares and the masks do not go together."""
        check_blend(self.settings.style_blend, styles=len(self.styles), regions=self.regions is not None)

    def content_at(self, height: int, width: int) -> HostImage:
        """The content at another shape."""
        return resize_visible(self.content, self.opacity.content, height, width, self.settings.resampling)

    def init_at(self, height: int, width: int) -> HostImage:
        """The picture to start from at another shape."""
        assert self.init is not None
        return resize_visible(self.init, self.opacity.init, height, width, self.settings.resampling)

    def style_at(self, number: int, height: int, width: int) -> HostImage:
        """A style, counted from 0, at another shape."""
        return resize_visible(self.styles[number], self.style_opacity(number), height, width, self.settings.resampling)

    def style_opacity(self, number: int) -> HostAlpha | None:
        """How much each pixel of a style counts, if not all count alike."""
        return self.opacity.styles[number] if self.opacity.styles else None

    def at(self, height: int, width: int) -> "Job":
        """The same with the content at another shape."""
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
        for field in dataclasses.fields(Settings):
            ours, theirs = getattr(first.settings, field.name), getattr(job.settings, field.name)
            if field.name not in TRACED and ours != theirs:
                raise SettingsError(
                    f"picture {number} has {field.name} {theirs} and picture 1 has {ours}; "
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
    """LossWeights of every job with a leading axis of lanes, the factors of their normalization multiplied in.

    Total variation keeps away what painting adds, and so has as much weight as there is painted: the photograph stays as it is
    at strength 0.
    """
    rows = []
    for job in jobs:
        settings = job.settings
        factors = {layer: layer_factors(settings.normalization, shape) for layer, shape in layer_shapes.items()}
        content = [settings.content_weight * w * factors[layer][0] for layer, w in settings.content_layer_weights.items()]
        style = [settings.style_weight * w * factors[layer][1] for layer, w in settings.style_layer_weights.items()]
        rows.append(LossWeights(np.array(content), np.array(style), np.array(settings.tv_weight * settings.strength)))  # pyright: ignore
    return jax.tree.map(lambda *lanes: jnp.asarray(np.stack(lanes), jnp.float32), *rows)

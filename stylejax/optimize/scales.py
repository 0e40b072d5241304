"""Painting from coarse to fine: which sizes, and what moves from one to the next.

A coarse picture lets strokes grow larger than the network's receptive field at the final size; each following scale starts
from the last one, enlarged, with the optimizer's moments enlarged too, so that Adam does not start anew and add noise.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array

from stylejax.errors import SettingsError
from stylejax.images.resize import fit_long_side
from stylejax.model.layers import layers_up_to, smallest_side
from stylejax.optimize.plan import Plan
from stylejax.optimize.settings import Settings
from stylejax.optimize.step import LaneState, start


def scale_shapes(height: int, width: int, settings: Settings) -> list[tuple[int, int]]:
    """Shapes (height, width) of the scales, coarse to fine, for a content picture of this shape.

    The last has its long side at `settings.size`; each before it is `scale_factor` smaller, down to `smallest_size`. Coarse scales
    whose short side is too small for the deepest layer are left out.

    Raises:
        SettingsError: even the largest is too small for the layers.
    """
    layers = settings.objective_spec().layers
    needed = smallest_side(layers)
    shapes = [fit_long_side(height, width, settings.size)]
    if min(shapes[0]) < needed:
        deepest = layers_up_to(layers)[-1].name
        raise SettingsError(
            f"size {settings.size} makes a picture of {shapes[0][1]}×{shapes[0][0]} pixels, too small for {deepest}: "
            f"its short side needs at least {needed} pixels; choose a larger size or shallower layers"
        )
    side = settings.size / settings.scale_factor
    while round(side) >= settings.smallest_size:
        shape = fit_long_side(height, width, round(side))
        if min(shape) < needed:
            break
        shapes.insert(0, shape)
        side /= settings.scale_factor
    return shapes


@partial(jax.jit, static_argnames=("shape", "plan"))
def enlarge(lanes: LaneState, *, shape: tuple[int, int], plan: Plan) -> LaneState:
    """Carry `[lanes, ...]` states to `shape`: picture and moments are resized, the running average starts anew.

    Source: Crowson, style-transfer-pytorch 2021, resizes Adam's moments; the second ones stay non-negative.
    """
    count = lanes.image.shape[0]

    def resized(images: Array, method: str) -> Array:
        return jax.image.resize(images, (count, *shape, 3), method)

    image = jnp.clip(resized(lanes.image, "cubic"), 0, 1)
    moments = lanes.moments._replace(
        mu=resized(lanes.moments.mu, "cubic"),  # pyright: ignore[reportArgumentType]
        nu=jnp.maximum(resized(lanes.moments.nu, "linear"), 0),  # pyright: ignore[reportArgumentType]
    )
    return jax.vmap(partial(start, plan=plan))(image)._replace(moments=moments, step=lanes.step, failed_at=lanes.failed_at)

"""Shapes of the coarse-to-fine pyramid, and of the style pictures at each of its scales."""

from stylejax.errors import SettingsError
from stylejax.images.io.open_image import limit_for
from stylejax.settings.objective_spec import objective_spec
from stylejax.settings.settings import Settings
from stylejax.types import AnyHostSamples

_TOLERATED = 1.1
"""How much larger than the picture a style may be with `style_fit pyramid`, as in the recipe `spst`."""


def scale_shapes(height: int, width: int, settings: Settings) -> list[tuple[int, int]]:
    """Shapes (height, width) of the scales, coarse to fine, for a content picture of this shape.

    At the last scale the side that `size_rule` measures is `settings.size`; each scale before it is `scale_factor` smaller,
    down to `coarsest`. Coarse scales whose short side is too small for the deepest layer and octave are left out.

    Raises:
        SettingsError: even the largest scale is too small for the layers.
    """
    needed, largest = objective_spec(settings).smallest_side, largest_side(height, width, settings)
    shapes = [fit_side(height, width, largest, settings)]
    if min(shapes[0]) < needed:
        size = "×".join(map(str, shapes[0][::-1]))
        raise SettingsError(
            f"size {largest} makes a picture of {size} pixels, {objective_spec(settings).too_small('a larger size')}"
        )
    side = largest / settings.scale_factor
    while round(side) >= settings.coarsest:
        shape = fit_side(height, width, round(side), settings)
        if min(shape) < needed:
            break
        shapes.insert(0, shape)
        side /= settings.scale_factor
    return shapes


def largest_side(height: int, width: int, settings: Settings) -> int:
    """The side that `settings.size_rule` measures, of the result for a content picture of this shape."""
    return side_of(height, width, settings) if settings.size == "native" else settings.size


def pixel_limit(settings: Settings) -> int:
    """The most pixels of a picture that is read for a result of this size; a larger size raises it."""
    return limit_for(0 if settings.size == "native" else settings.size)


def side_of(height: int, width: int, settings: Settings) -> int:
    """The side that `settings.size_rule` measures."""
    return max(height, width) if settings.size_rule == "long" else min(height, width)


def fit_side(height: int, width: int, side: int, settings: Settings) -> tuple[int, int]:
    """The shape with the same aspect whose side, by `settings.size_rule`, is `side`."""
    measured = side_of(height, width, settings)
    half = measured // 2 if settings.size_rounding == "nearest" else 0
    return max(1, (side * height + half) // measured), max(1, (side * width + half) // measured)


def style_shape(picture: AnyHostSamples, settings: Settings, height: int, width: int, *, largest: int) -> tuple[int, int]:
    """The shape to which a style picture is resized at the scale of `height` and `width`.

    Args:
        picture: the style.
        settings: of the run.
        height: of the optimized picture at this scale, in pixels.
        width: likewise.
        largest: from `largest_side`.
    """
    if settings.style_fit == "stretch":
        return height, width
    own = (picture.shape[0], picture.shape[1])
    if settings.style_fit == "pyramid":
        whole = side_of(*own, settings)
        whole = largest if whole > _TOLERATED * largest else whole
        return fit_side(*own, max(1, round(whole * side_of(height, width, settings) / largest)), settings)
    side = settings.style_size or max(1, round(side_of(height, width, settings) * settings.style_scale))
    if settings.style_fit == "shrink" and side_of(*own, settings) <= side:
        return own
    return fit_side(*own, side, settings)

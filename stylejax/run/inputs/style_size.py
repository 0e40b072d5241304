"""Styles that are too small for the layers that look at them: reported by name before anything is compiled."""

import dataclasses
from collections.abc import Iterator, Sequence

from stylejax.errors import SettingsError
from stylejax.images.picture import Picture
from stylejax.losses.octaves import smallest_side_for
from stylejax.settings.objective_spec import objective_spec
from stylejax.settings.pyramid import largest_side, scale_shapes, style_shape
from stylejax.settings.settings import Settings
from stylejax.types import Shape


def check_styles(content: Picture, styles: Sequence[Picture], settings: Settings) -> None:
    """Raise SettingsError for a style that at some scale is smaller than the style layers and octaves need.

    Args:
        content: determines the shapes of the scales.
        styles: as they were read.
        settings: of the run.
    """
    spec, shape = objective_spec(settings), (content.height, content.width)
    needed = smallest_side_for(spec.style_layers, spec.octaves)
    for style in styles:
        height, width = _smallest(style, shape, settings)
        if min(height, width) >= needed:
            continue
        own = f"{style.source}, a style, is {style.width}×{style.height} pixels,"
        seen = "" if (height, width) == (style.height, style.width) else f" looked at in {width}×{height},"
        ways = [way for way, other in _ways(settings) if min(_smallest(style, shape, other)) >= needed]
        raise SettingsError(f"{own}{seen} {spec.too_small(ways[0] if ways else 'a larger picture')}")


def _smallest(style: Picture, content: Shape, settings: Settings) -> Shape:
    """The smallest height and width in which a style is looked at."""
    largest, scales = largest_side(*content, settings), scale_shapes(*content, settings)
    return min((style_shape(style.samples, settings, *shape, largest=largest) for shape in scales), key=min)


def _ways(settings: Settings) -> Iterator[tuple[str, Settings]]:
    """Changes that may help, as the message words them, and the settings with each."""
    whole = dataclasses.replace(settings, style_scale=1.0, style_size=0)
    for name in ("style_size", "style_scale"):
        if getattr(settings, name) != getattr(whole, name):
            yield f"a larger {name}", whole
    yield "--style-fit resize, which enlarges it", dataclasses.replace(whole, style_fit="resize")
    yield "--style-fit stretch, which gives it the content's shape", dataclasses.replace(whole, style_fit="stretch")

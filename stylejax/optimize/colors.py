"""Color control of a run (`Settings.keep_color`): what becomes of the pictures before and after painting."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from stylejax.images.recolor import keep_luminance, luminance_of, match_color
from stylejax.images.resize import resize
from stylejax.optimize.settings import Settings
from stylejax.types import AnyHostImage, HostImage, Images


def content_to_paint(content: HostImage, settings: Settings) -> HostImage:
    """The content as it is painted: gray where only luminance is."""
    return luminance_of(content) if settings.keep_color == "luminance" else content


def style_to_paint(style: HostImage, content: AnyHostImage, settings: Settings) -> HostImage:
    """A style as it is painted on `content`, both in their own colors."""
    if settings.keep_color == "luminance":
        return luminance_of(style, like=content)
    if settings.keep_color == "match":
        return match_color(style, content, settings.color_match)
    return style


def with_kept_colors(pictures: Images, contents: Sequence[AnyHostImage], settings: Sequence[Settings]) -> Images:
    """The painted pictures `[lanes, height, width, 3]` with the contents' chroma where `keep_color` is `luminance`."""
    if all(each.keep_color != "luminance" for each in settings):
        return pictures
    finished = np.array(pictures, np.float32)
    for lane, (content, each) in enumerate(zip(contents, settings, strict=True)):
        if each.keep_color == "luminance":
            finished[lane] = keep_luminance(finished[lane], resize(content, *finished.shape[1:3]))
    return jnp.asarray(finished)

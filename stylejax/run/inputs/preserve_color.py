"""Color control of a run (`Settings.keep_color`): what becomes of the pictures before and after painting."""

from collections.abc import Sequence

import jax
import numpy as np

from stylejax.images.color_transfer import match_color, restore_chroma, to_luminance
from stylejax.images.picture import Picture
from stylejax.images.transparency import opacity_weights, resize_picture
from stylejax.run.single_precision import in_float32
from stylejax.settings.settings import Settings
from stylejax.types import HostImage, HostImages, Images


def content_to_paint(content: HostImage, settings: Settings) -> HostImage:
    """The content as it is painted: gray where only luminance is."""
    return to_luminance(content) if settings.keep_color == "luminance" else content


def style_to_paint(style: Picture, content: Picture, settings: Settings) -> HostImage:
    """A style as it is painted on `content`, both in their own colors."""
    pixels, others = style.pixels, content.pixels
    own, theirs = opacity_weights(style), opacity_weights(content)
    if settings.keep_color == "luminance":
        return to_luminance(pixels, like=others, opacity=own, like_opacity=theirs)
    if settings.keep_color == "match":
        return match_color(pixels, others, method=settings.color_match, opacity=own, content_opacity=theirs)
    return pixels


@in_float32
def with_kept_colors(
    pictures: Images | HostImages, contents: Sequence[Picture], settings: Sequence[Settings]
) -> Images | HostImages:
    """The painted pictures `[batch, height, width, 3]` with the contents' chroma where `keep_color` is `luminance`."""
    if all(each.keep_color != "luminance" for each in settings):
        return pictures
    finished = np.array(pictures, np.float32)
    for index, (content, each) in enumerate(zip(contents, settings, strict=True)):
        if each.keep_color == "luminance":
            original = resize_picture(content, *finished.shape[1:3]).pixels
            finished[index] = restore_chroma(finished[index], original)
    return jax.device_put(finished)

"""Color control of a run (`Settings.keep_color`): what becomes of the pictures before and after painting."""

from collections.abc import Sequence

import jax
import numpy as np

from stylejax.images.color_transfer import match_color, restore_chroma, to_luminance
from stylejax.images.picture import Picture
from stylejax.images.transparency import opacity_weights, resized_weighted
from stylejax.run.single_precision import in_float32
from stylejax.settings.settings import Settings
from stylejax.types import HostImages, HostSamples, Images


def content_to_paint(content: HostSamples, settings: Settings) -> HostSamples:
    """The content as it is painted: gray where only luminance is."""
    return to_luminance(content) if settings.keep_color == "luminance" else content


def style_to_paint(style: Picture, content: Picture, settings: Settings) -> HostSamples:
    """A style as it is painted on `content`, both in their own colors."""
    samples, others = style.samples, content.samples
    own, theirs = opacity_weights(style), opacity_weights(content)
    if settings.keep_color == "luminance":
        return to_luminance(samples, like=others, opacity=own, like_opacity=theirs)
    if settings.keep_color == "match":
        return match_color(samples, others, method=settings.color_match, opacity=own, content_opacity=theirs)
    return samples


@in_float32
def with_kept_colors(
    pictures: Images | HostImages, contents: Sequence[Picture], settings: Sequence[Settings]
) -> Images | HostImages:
    """The painted pictures `[batch, height, width, 3]` with the contents' chroma where `keep_color` is `luminance`.

    Arrays of NumPy, which may be large, are changed in place.
    """
    if all(each.keep_color != "luminance" for each in settings):
        return pictures
    on_host = isinstance(pictures, np.ndarray)
    finished = pictures if on_host else np.array(pictures)
    for picture, content, each in zip(finished, contents, settings, strict=True):
        if each.keep_color == "luminance":
            original = resized_weighted(content.samples, opacity_weights(content), *picture.shape[:2])
            restore_chroma(picture, original, out=picture)
    return finished if on_host else jax.device_put(finished)

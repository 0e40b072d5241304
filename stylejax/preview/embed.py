"""Pictures encoded for a page: JPEG, or PNG for those with opacity, no larger than a screen needs."""

import base64
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np

from stylejax.images.io.encode import JPEG, PNG, write_with_pillow
from stylejax.images.picture import unit_values
from stylejax.images.resize import fit_long_side, resize
from stylejax.images.transparency import resize_weighted
from stylejax.types import AnyHostSamples

QUALITY = 88


def data_uri(pixels: AnyHostSamples, *, alpha: np.ndarray | None = None, long_side: int, quality: int = QUALITY) -> str:
    """The picture as a `data:` URI.

    Args:
        pixels: sRGB, `[height, width, 3]`, as levels or floating point in [0, 1].
        alpha: opacity in [0, 1], `[height, width]`.
        long_side: limit in pixels; larger pictures are scaled down to it.
        quality: of a JPEG, at most 95.
    """
    kind, data = encode(pixels, alpha=alpha, long_side=long_side, quality=quality)
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def encode(
    pixels: AnyHostSamples, *, alpha: np.ndarray | None = None, long_side: int, quality: int = QUALITY
) -> tuple[str, bytes]:
    """Media type and bytes of the picture; arguments as for `data_uri`."""
    if max(pixels.shape[:2]) > long_side:
        shape = fit_long_side(pixels.shape[0], pixels.shape[1], long_side)
        pixels, alpha = resize_weighted(pixels, alpha, *shape), None if alpha is None else resize(alpha, *shape)
    values = unit_values(pixels)
    values = values if alpha is None else np.concatenate([values, alpha[..., np.newaxis]], axis=2)
    levels = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return ("image/jpeg", jpeg(levels, quality=quality)) if alpha is None else ("image/png", png(levels))


def jpeg(levels: np.ndarray, *, quality: int = QUALITY) -> bytes:
    """A JPEG file of uint8 `[height, width, 3]`."""
    file = BytesIO()
    write_with_pillow(file, levels, JPEG, None, quality)
    return file.getvalue()


def png(levels: np.ndarray, *, record: Mapping[str, Any] | None = None) -> bytes:
    """A PNG file of uint8 `[height, width, 3 or 4]`, with the record of the run as metadata."""
    file = BytesIO()
    write_with_pillow(file, levels, PNG, record, QUALITY)
    return file.getvalue()

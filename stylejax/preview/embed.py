"""Pictures as bytes for a page: JPEG, or PNG where there is opacity, no larger than a screen needs."""

import base64
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np

from stylejax.images.io.encode import JPEG, PNG, write_with_pillow
from stylejax.images.resize import fit_long_side, resize
from stylejax.images.transparency import resize_weighted

QUALITY = 88


def data_uri(pixels: np.ndarray, alpha: np.ndarray | None = None, *, long_side: int, quality: int = QUALITY) -> str:
    """A `data:` address of the picture.

    Args:
        pixels: sRGB in [0, 1], `[height, width, 3]`.
        alpha: opacity in [0, 1], `[height, width]`.
        long_side: larger pictures are made so small.
        quality: of a JPEG, at most 95.
    """
    kind, data = encoded(pixels, alpha, long_side=long_side, quality=quality)
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def encoded(
    pixels: np.ndarray, alpha: np.ndarray | None = None, *, long_side: int, quality: int = QUALITY
) -> tuple[str, bytes]:
    """Media type and bytes of the picture; arguments as for `data_uri`."""
    if max(pixels.shape[:2]) > long_side:
        shape = fit_long_side(pixels.shape[0], pixels.shape[1], long_side)
        pixels, alpha = resize_weighted(pixels, alpha, *shape), None if alpha is None else resize(alpha, *shape)
    values = pixels if alpha is None else np.concatenate([pixels, alpha[..., np.newaxis]], axis=2)
    levels = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return ("image/jpeg", jpeg(levels, quality)) if alpha is None else ("image/png", png(levels))


def jpeg(levels: np.ndarray, quality: int = QUALITY) -> bytes:
    """A JPEG file of uint8 `[height, width, 3]`."""
    file = BytesIO()
    write_with_pillow(file, levels, JPEG, None, quality)
    return file.getvalue()


def png(levels: np.ndarray, record: Mapping[str, Any] | None = None) -> bytes:
    """A PNG file of uint8 `[height, width, 3 or 4]`, with the record of its making."""
    file = BytesIO()
    write_with_pillow(file, levels, PNG, record, QUALITY)
    return file.getvalue()

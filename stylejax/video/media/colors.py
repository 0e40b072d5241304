"""Between the YUV of video and 8-bit sRGB."""

from typing import Any

import numpy as np

HIGH_DEFINITION = 720
"""Rows from which a clip that does not say so is taken as BT.709; smaller ones as BT.601."""
_BT709, _UNKNOWN, _BT470, _BT601, _BT2020 = 1, 2, 5, 6, (9, 10)
_TRANSFERS = {16: "PQ", 18: "HLG"}


def to_rgb(frame: Any) -> np.ndarray:
    """The pixels of a decoded frame of PyAV as it is stored, uint8 `[height, width, 3]`."""
    from av.video.reformatter import ColorRange, Colorspace, Interpolation

    yuv = not frame.format.is_rgb
    wide = int(frame.color_range) == ColorRange.JPEG or frame.format.name.startswith("yuvj")
    space = {_BT709: Colorspace.ITU709, _BT470: Colorspace.ITU601, _BT601: Colorspace.ITU601}
    space |= dict.fromkeys(_BT2020, Colorspace.BT2020)
    assumed = Colorspace.ITU709 if frame.height >= HIGH_DEFINITION else Colorspace.ITU601
    return frame.reformat(
        format="rgb24",
        src_colorspace=space.get(int(frame.colorspace), assumed) if yuv else None,
        src_color_range=ColorRange.JPEG if wide or not yuv else ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND,
    ).to_ndarray()


def to_video(pixels: np.ndarray, pixel_format: str) -> Any:
    """A frame of PyAV from uint8 `[height, width, 3]`, in BT.709 with limited range."""
    import av
    from av.video.reformatter import ColorRange, Colorspace, Interpolation

    return av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24").reformat(
        format=pixel_format,
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
        interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND,
    )


def tag(context: Any) -> None:
    """Say in the file how its colors are to be read: BT.709, limited range."""
    context.color_range, context.colorspace, context.color_primaries, context.color_trc = 1, _BT709, _BT709, _BT709


def losses(codec: Any) -> list[str]:
    """What painting in 8-bit sRGB loses of a stream, one line each."""
    found = []
    transfer = _TRANSFERS.get(int(codec.color_trc))
    depth = max((component.bits for component in codec.format.components), default=8) if codec.format else 8
    if transfer:
        found.append(f"it is HDR ({transfer}, {depth} bits); it is painted as 8-bit SDR without tone mapping")
    elif depth > 8:
        found.append(f"it has {depth} bits a color; it is painted with 8")
    if int(codec.color_primaries) == _BT2020[0]:
        found.append("its colors are BT.2020; they are taken as sRGB, and look paler")
    if codec.format and any(component.is_alpha for component in codec.format.components):
        found.append("it has transparency, which is not kept; what it hides is painted as it is stored")
    return found

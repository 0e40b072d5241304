"""Contact sheets: labeled pictures of any shapes in a grid."""

import unicodedata
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from stylejax.errors import ImageError
from stylejax.images.resize import fit_long_side, resize
from stylejax.types import HostImage

Item = TypeVar("Item")


def contact_sheet(
    rows: Sequence[Sequence[tuple[str, np.ndarray]]], *, cell: int = 320, gap: int = 16, text_size: int = 15
) -> HostImage:
    """Arrange labeled pictures in a grid on white.

    Args:
        rows: rows of pairs of a label and a picture `[H, W, 3]` in [0, 1]. Rows may have different lengths, and labels may have
            several lines; lines that are too long for their column are truncated.
        cell: long side of each scaled picture, in pixels.
        gap: space around the pictures, in pixels.
        text_size: font size of the labels, in pixels.

    Returns:
        The sheet. A column is as wide as its widest picture, a row as high as its highest.

    Raises:
        ImageError: there is no picture.
    """
    if not any(rows):
        raise ImageError("a contact sheet needs at least one picture; got none")
    cells = [[(label, _scaled(pixels, cell)) for label, pixels in row] for row in rows]
    font = ImageFont.load_default(size=text_size)
    line_height = round(text_size * 1.4)

    columns = max(len(row) for row in cells)
    widths = [max(row[column][1].shape[1] for row in cells if column < len(row)) for column in range(columns)]
    heights = [max((picture.shape[0] for _, picture in row), default=0) for row in cells]
    labels = [line_height * max((label.count("\n") + 1 for label, _ in row if label), default=0) for row in cells]

    size = (sum(heights) + sum(labels) + gap * (len(cells) + 1), sum(widths) + gap * (columns + 1))
    sheet = np.ones((*size, 3), np.float32)
    lines: list[tuple[int, int, str]] = []
    top = gap
    for row, height, below in zip(cells, heights, labels, strict=True):
        left = gap
        for (label, picture), width in zip(row, widths, strict=False):
            y, x = top + height - picture.shape[0], left + (width - picture.shape[1]) // 2
            sheet[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
            for number, line in enumerate(label.split("\n")):
                lines.append((left, top + height + number * line_height, _shortened(_plain(line), font, width)))
            left += width + gap
        top += height + below + gap
    return _with_text(sheet, lines, font, line_height)


def _scaled(pixels: np.ndarray, cell: int) -> np.ndarray:
    height, width = fit_long_side(pixels.shape[0], pixels.shape[1], cell)
    return resize(pixels, height, width)


def _plain(line: str) -> str:
    """Convert a line to ASCII, as the font requires: accents are removed, other characters become question marks."""
    letters = unicodedata.normalize("NFKD", line)
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).encode("ascii", "replace").decode()


def _shortened(line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """The line, or the longest beginning of it that fits into `width` pixels with three dots."""
    if font.getlength(line) <= width:
        return line
    while line and font.getlength(line + "...") > width:
        line = line[:-1]
    return line.rstrip() + "..."


def _with_text(
    sheet: np.ndarray,
    lines: Sequence[tuple[int, int, str]],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    line_height: int,
) -> HostImage:
    """Draw lines of text, given by left edge, top and text, over the sheet."""
    ink = Image.new("L", (sheet.shape[1], sheet.shape[0]), 0)
    draw = ImageDraw.Draw(ink)
    for left, top, text in lines:
        draw.text((left, top + line_height // 2), text, fill=255, font=font, anchor="lm")
    cover = np.asarray(ink, np.float32)[..., np.newaxis] / np.float32(255)
    return sheet * (1 - cover) + np.float32(0.15) * cover


def evenly_spaced(items: Sequence[Item], most: int) -> list[Item]:
    """Select at most `most` items, evenly spaced from the first to the last.

    Example:
        >>> evenly_spaced("abcdefg", 3)
        ['a', 'd', 'g']
    """
    if len(items) <= most:
        return list(items)
    return [items[place] for place in np.linspace(0, len(items) - 1, most).round().astype(int)]

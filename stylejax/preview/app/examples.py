"""Example pictures: photographs from scikit-image with sample styles."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stylejax.errors import ImageError, MissingExtraError
from stylejax.images.io.write import write_picture
from stylejax.images.resize import resize
from stylejax.samples import PAINTINGS, demo_photograph

_PAIRS = (("chelsea", "waves"), ("coffee", "glass"), ("astronaut", "strokes"))
_STYLE_SIDE = 256
_SHOWN_HEIGHT = 96


@dataclass(frozen=True)
class Example:
    """Files of a photograph, of a style, and of a preview of both."""

    content: Path
    style: Path
    shown: Path


def write_examples(folder: Path) -> list[Example]:
    """Write examples to `folder`; none if scikit-image is not installed."""
    folder.mkdir()
    examples = []
    try:
        for photograph, style in _PAIRS:
            example = Example(folder / f"{photograph}.png", folder / f"{style}.png", folder / f"{photograph}-{style}.png")
            pair = demo_photograph(photograph), PAINTINGS[style](_STYLE_SIDE, _STYLE_SIDE)
            small = [resize(each, _SHOWN_HEIGHT, round(_SHOWN_HEIGHT * each.shape[1] / each.shape[0])) for each in pair]
            for path, picture in zip((example.content, example.style, example.shown), (*pair, np.hstack(small)), strict=True):
                write_picture(path, np.clip(picture, 0, 1))
            examples.append(example)
    except (ImageError, MissingExtraError):
        return examples
    return examples

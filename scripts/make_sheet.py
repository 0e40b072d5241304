"""Stylize one photograph with several styles and the default recipe, and arrange inputs and results on one sheet.

    python scripts/make_sheet.py tubingen.jpg starry_night.jpg great_wave.jpg the_scream.jpg wheat_field.jpg -o sheet.jpg
    python scripts/make_sheet.py tubingen.jpg the_scream.jpg --models vgg19 --sizes 768 --cell 700 -o one.jpg

The sheet has one row for the inputs and one for each network and size; with a single style, it has only one row. A picture of
512 pixels takes about half a minute on two CPU cores with the network included in stylejax, and about five minutes with
`vgg19`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

import stylejax
from stylejax.images.io.read import read_picture
from stylejax.images.io.write import check_output, write_picture
from stylejax.images.sheet import contact_sheet


@dataclass(frozen=True)
class Sheet:
    """Write a sheet with photograph and styles above, and results below."""

    content: tyro.conf.Positional[Path]
    """The photograph."""

    styles: tyro.conf.Positional[tuple[Path, ...]]
    """The paintings."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("sheet.jpg")
    """Path of the sheet."""

    models: tuple[str, ...] = ("vgg19-slim",)
    """Feature networks."""

    sizes: tuple[int, ...] = (512,)
    """Long sides of the results, in pixels."""

    cell: int = 400
    """Long side of each picture on the sheet, in pixels."""

    quality: int = 88
    """JPEG quality of the sheet."""

    def run(self) -> None:
        """Stylize the photograph and write the sheet."""
        check_output(self.output)
        rows = [[(_named(path), read_picture(path).pixels) for path in (self.content, *self.styles)]]
        for model in self.models:
            for size in self.sizes:
                results = [stylejax.stylize(self.content, style, model=model, size=size).image for style in self.styles]
                labels = [f"{_named(style)}, {model}, {size} px" for style in self.styles]
                if len(self.styles) == 1:
                    rows[0] += [(f"painted with {model}", results[0])]
                else:
                    rows.append([("", np.ones_like(rows[0][0][1])), *zip(labels, results, strict=True)])
        write_picture(self.output, contact_sheet(rows, cell=self.cell), quality=self.quality)
        print(self.output)


def _named(path: Path) -> str:
    return path.stem.replace("_", " ")


if __name__ == "__main__":
    tyro.cli(Sheet).run()

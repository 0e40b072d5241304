"""Paint one photograph in several styles at several sizes with the default recipe, and lay the results on one sheet.

    python scripts/make_sheet.py tubingen.jpg starry_night.jpg great_wave.jpg the_scream.jpg wheat_field.jpg -o sheet.jpg

Takes about a minute a picture of 512 pixels on two CPU cores with the network that comes with stylejax.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

import stylejax
from stylejax.images.sheet import contact_sheet
from stylejax.images.write import check_output, write_picture


@dataclass(frozen=True)
class Sheet:
    """One row a size, one column a style; results only."""

    content: tyro.conf.Positional[Path]
    """The photograph."""

    styles: tyro.conf.Positional[tuple[Path, ...]]
    """The paintings."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("sheet.jpg")
    """Where the sheet goes."""

    sizes: tuple[int, ...] = (512, 768)
    """Long sides of the results."""

    model: str = "vgg19-slim"
    """The feature network."""

    def run(self) -> None:
        """Paint and lay out."""
        check_output(self.output)
        rows = []
        for size in self.sizes:
            paintings = [stylejax.stylize(self.content, style, model=self.model, size=size) for style in self.styles]
            labels = [f"{style.stem.replace('_', ' ')}, {size} px" for style in self.styles]
            rows.append([(label, painting.image) for label, painting in zip(labels, paintings, strict=True)])
        write_picture(self.output, contact_sheet(rows, cell=max(self.sizes)), quality=88)
        print(self.output)


if __name__ == "__main__":
    tyro.cli(Sheet).run()

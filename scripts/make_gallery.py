"""Rebuild the gallery: every photograph in every style, with the default recipe.

    python scripts/make_gallery.py
    python scripts/make_gallery.py --photographs town.jpg harbor.jpg --styles wave.jpg scream.jpg -o my-gallery

Without arguments it paints photographs of scikit-image in styles that stylejax draws, and writes `docs/gallery`: a sheet for
each photograph, and the page that shows them. Takes about four minutes on two CPU cores.
"""

import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

import stylejax
from stylejax.images.io.read import read_picture
from stylejax.images.io.write import check_output, write_picture
from stylejax.images.sheet import contact_sheet
from stylejax.run.result import StylizedImage
from stylejax.samples import PAINTINGS, demo_photograph

PAGE = """# Gallery

The default recipe with `{network}` at {size} pixels. Upper rows: photograph and styles. Lower rows: results.

{sheets}

Generate the gallery with

```sh
{command}
```
"""


@dataclass(frozen=True)
class Gallery:
    """Paint every photograph in every style, and write a page about it."""

    photographs: tuple[Path, ...] = ()
    """The photographs; two of scikit-image's if none is given."""

    styles: tuple[Path, ...] = ()
    """The styles; the three that stylejax draws if none is given."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("docs/gallery")
    """Folder for the sheets and the page."""

    size: int = 512
    """Long side of the results, in pixels."""

    model: str = "vgg19-slim"
    """The feature network."""

    def run(self) -> None:
        """Paint, lay out, write."""
        photographs = {path.stem: read_picture(path).pixels for path in self.photographs}
        photographs = photographs or {name: demo_photograph(name) for name in ("chelsea", "astronaut")}
        styles = {path.stem: read_picture(path).pixels for path in self.styles}
        styles = styles or {name: draw(512, 512) for name, draw in PAINTINGS.items()}
        check_output(self.output / "gallery.jpg")
        sheets, network = [], ""
        for name, photograph in photographs.items():
            began = time.monotonic()
            paintings = stylejax.stylize_batch(
                [photograph] * len(styles), list(styles.values()), model=self.model, size=self.size
            )
            network = paintings[0].network
            write_picture(self.output / f"{name}.jpg", sheet(name, photograph, styles, paintings), quality=85)
            sheets.append(f"![{name} in {len(styles)} styles]({name}.jpg)")
            print(f"{self.output / name}.jpg  {time.monotonic() - began:.0f} s")
        command = shlex.join(["python", "scripts/make_gallery.py", *sys.argv[1:]])
        page = PAGE.format(network=network, size=self.size, sheets="\n\n".join(sheets), command=command)
        (self.output / "index.md").write_text(page, encoding="utf-8")


def sheet(
    name: str, photograph: np.ndarray, styles: dict[str, np.ndarray], paintings: list[StylizedImage], cell: int = 360
) -> np.ndarray:
    """Photograph and styles above, results below their styles."""
    above = [(name, photograph), *styles.items()]
    below = [(f"in the style of {style}", painting.image) for style, painting in zip(styles, paintings, strict=True)]
    return contact_sheet([above, [("", np.ones_like(photograph)), *below]], cell=cell)


if __name__ == "__main__":
    tyro.cli(Gallery, description=__doc__).run()

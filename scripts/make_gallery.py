"""Generate the gallery: every photograph in every style, with the default recipe.

    python scripts/make_gallery.py
    python scripts/make_gallery.py --photographs town.jpg harbor.jpg --styles wave.jpg scream.jpg -o my-gallery

Without arguments, the script stylizes photographs of scikit-image with the sample styles of stylejax, and writes
`docs/gallery`: a sheet for each photograph, and a page with all sheets. Takes about two minutes on two CPU cores.
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
    """Stylize every photograph with every style and write a page."""

    photographs: tuple[Path, ...] = ()
    """Photographs; by default two of scikit-image's."""

    styles: tuple[Path, ...] = ()
    """Styles; by default the three sample styles."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])] = Path("docs/gallery")
    """Folder for the sheets and the page."""

    size: int = 512
    """Long side of the results, in pixels."""

    model: str = "vgg19-slim"
    """The feature network."""

    def run(self) -> None:
        """Stylize the photographs and write sheets and page."""
        photographs = {path.stem: read_picture(path).pixels for path in self.photographs}
        photographs = photographs or {name: demo_photograph(name) for name in ("chelsea", "astronaut")}
        styles = {path.stem: read_picture(path).pixels for path in self.styles}
        styles = styles or {name: draw(512, 512) for name, draw in PAINTINGS.items()}
        check_output(self.output / "gallery.jpg")
        sheets, network = [], ""
        for name, photograph in photographs.items():
            began = time.monotonic()
            results = stylejax.stylize_batch(
                [photograph] * len(styles), list(styles.values()), model=self.model, size=self.size
            )
            network = results[0].network
            write_picture(self.output / f"{name}.jpg", sheet(name, photograph, styles, results), quality=85)
            sheets.append(f"![{name} in {len(styles)} styles]({name}.jpg)")
            print(f"{self.output / name}.jpg  {time.monotonic() - began:.0f} s")
        command = shlex.join(["python", "scripts/make_gallery.py", *sys.argv[1:]])
        page = PAGE.format(network=network, size=self.size, sheets="\n\n".join(sheets), command=command)
        (self.output / "index.md").write_text(page, encoding="utf-8")


def sheet(
    name: str, photograph: np.ndarray, styles: dict[str, np.ndarray], results: list[StylizedImage], *, cell: int = 360
) -> np.ndarray:
    """A sheet with photograph and styles above, and each result below its style."""
    above = [(name, photograph), *styles.items()]
    below = [(f"in the style of {style}", result.image) for style, result in zip(styles, results, strict=True)]
    return contact_sheet([above, [("", np.ones_like(photograph)), *below]], cell=cell)


if __name__ == "__main__":
    tyro.cli(Gallery, description=__doc__).run()

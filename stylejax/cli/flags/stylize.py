"""The flags of `stylejax stylize`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import tyro

from stylejax.cli.live import LiveOptions
from stylejax.optimize.recipes import recipe_named
from stylejax.optimize.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Stylize:
    """Paint a photograph in the style of a painting.

    Example: stylejax stylize town.jpg starry_night.jpg -o painted.png --size 768
    """

    content: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="CONTENT")]
    """The photograph: PNG, JPEG, WebP, TIFF or AVIF."""

    styles: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(name="style", metavar="STYLE [STYLE ...]")]
    """The painting whose style is taken; several are mixed, or each painted in a region of its own."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """Where the result goes; the suffix names the format."""

    settings: Annotated[tyro.conf.OmitArgPrefixes[Settings], tyro.conf.arg(name="")]

    watching: tyro.conf.OmitArgPrefixes[LiveOptions] = field(default_factory=LiveOptions)

    about_region: ClassVar = "Which part of the photograph is painted like which part of which style."

    content_mask: tyro.conf.UseAppendAction[tuple[Path, ...]] = ()
    """Where a region of the content is: white on black. Give one for each region, or a single label picture whose flat colors
    are the regions."""

    style_mask: tyro.conf.UseAppendAction[tuple[Path, ...]] = ()
    """The same for the style: one for each content mask in the same order, or a label picture of the same colors. May be left
    out when there are as many styles as regions."""

    about_output: ClassVar = "What is written and printed."

    save_every: int = 0
    """Also save the picture after every so many steps of each scale, beside the output; 0 for never."""

    bits: Literal[8, 16] = 8
    """Depth of the result's colors; 16 for PNG and TIFF, for print."""

    trace: Path | None = None
    """Write the losses of every step to this file, as JSON lines."""

    checkpoint: Path | None = None
    """Keep the state of the run in this folder, so that the same command goes on after a kill and ends with the same bytes. It
    is saved at Ctrl-C and SIGTERM, too, and removed when the result is written. What else it holds stays as it is."""

    checkpoint_every: float = 10.0
    """Minutes between two savings of the state; 0 for after every few steps."""

    report: Path | None = None
    """Write a page that shows how the picture was made to this .html file: before and after, loss curves, settings, command."""

    compile_cache: bool = True
    """Keep compiled programs in the cache folder, so that the same shape and kind of run starts at once the next time."""

    quiet: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print nothing but errors."""

    json: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print progress and result as JSON lines on standard output."""

    @classmethod
    def of_recipe(cls, name: str) -> "Stylize":
        """The command with the defaults of a recipe."""
        return cls(content=tyro.MISSING, styles=tyro.MISSING, output=tyro.MISSING, settings=recipe_named(name))

    def run(self, console: "Console") -> int:
        """Paint and save; returns the exit code."""
        from stylejax.cli.stylize import StylizeRun  # JAX takes a second to import

        return StylizeRun(**vars(self)).run(console)

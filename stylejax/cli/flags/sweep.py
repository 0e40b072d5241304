"""The flags of `stylejax sweep`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from stylejax.choices import BatchSize
from stylejax.cli.flags.shared import CompileCache, Devices, Quiet, Split, Styles
from stylejax.cli.live import LiveOptions
from stylejax.cli.parsing.sweep_values import Values

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Sweep:
    """Paint a photograph with every combination of settings, and lay the results out on one sheet.

    Every setting of `stylejax stylize` takes several values, separated by commas (layers, blends and iterations by semicolons).
    Combinations that differ only in numbers or starts share one compiled program; another size or loss needs another.

    Example: stylejax sweep town.jpg starry_night.jpg -o sweep --strength 0.5,1 --content-weight 0.03,0.3,3
    """

    content: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="CONTENT")]
    """The photograph."""

    styles: Styles
    """The painting whose style is taken; several are mixed."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """Folder for the pictures, `contact_sheet.png` and `sweep.jsonl` with settings and losses."""

    values: Annotated[tyro.conf.OmitArgPrefixes[Values], tyro.conf.arg(name="")]  # pyright: ignore[reportInvalidTypeForm]

    batch_size: BatchSize = "auto"
    """How many pictures are painted together; `auto` for as many as fit into memory."""

    devices: Devices = "all"
    split: Split = "none"

    watching: Annotated[tyro.conf.OmitArgPrefixes[LiveOptions], tyro.conf.arg(name="")] = field(default_factory=LiveOptions)

    about_run: ClassVar = "What the run shows and prints."

    report: Path | None = None
    """Write a page to this .html file: a grid of all pictures with what differs, losses, settings and command."""

    compile_cache: CompileCache = True
    quiet: Quiet = False

    json: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print progress and results as JSON lines on standard output."""

    def run(self, console: "Console") -> int:
        """Paint and save all; returns the exit code."""
        from stylejax.cli.sweep import SweepRun  # JAX takes a second to import

        return SweepRun(**vars(self)).run(console)

"""The flags of `stylejax stylize`."""

import os
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import tyro

from stylejax.choices import DeviceCount, FormatName
from stylejax.cli.default_output import STREAM
from stylejax.cli.flags.peers import Peers
from stylejax.cli.flags.shared import CompileCache, Quiet, Split, Styles
from stylejax.cli.live import LiveOptions
from stylejax.errors import SettingsError
from stylejax.files.url import as_url
from stylejax.settings.recipes import recipe_named
from stylejax.settings.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Stylize:
    """Paint a photograph in the style of a painting.

    Example: stylejax stylize town.jpg starry_night.jpg -o painted.png --size 768
    """

    content: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="CONTENT")]
    """The photograph: PNG, JPEG, WebP, TIFF or AVIF. One of the pictures may be `-`, standard input."""

    styles: Styles
    """The painting with the style; several are mixed, or each applies to a region of its own."""

    output: Annotated[
        Path | None, tyro.conf.arg(aliases=["-o"], metavar="PATH", help_behavior_hint="(default: beside the content)")
    ]
    """The result; the suffix names the format. `-` is standard output, and then all messages go to standard error. By default a
    new file beside the content, named after both pictures."""

    settings: Annotated[tyro.conf.OmitArgPrefixes[Settings], tyro.conf.arg(name="")]

    watching: Annotated[tyro.conf.OmitArgPrefixes[LiveOptions], tyro.conf.arg(name="")] = field(default_factory=LiveOptions)

    peers: Annotated[tyro.conf.OmitArgPrefixes[Peers], tyro.conf.arg(name="")] = field(default_factory=Peers)

    about_region: ClassVar = "Regions of the photograph with styles of their own."

    content_mask: tyro.conf.UseAppendAction[tuple[Path, ...]] = ()
    """A region of the content, white on black. Give one mask for each region, or a single label picture whose flat colors are
    the regions."""

    style_mask: tyro.conf.UseAppendAction[tuple[Path, ...]] = ()
    """The same for the style: one for each content mask in the same order, or a label picture of the same colors. Optional
    if there is one style for each region."""

    about_device: ClassVar = "Several GPUs or TPUs for one picture."

    devices: DeviceCount = "all"
    """With --split: number of devices to use."""

    split: Split = "none"

    about_output: ClassVar = "Files and messages."

    format: Annotated[FormatName | None, tyro.conf.arg(help_behavior_hint="(default: png)")] = None
    """Format of a result without a name: beside the content, or on standard output."""

    save_every: int = 0
    """Also save the picture beside the output after every this many steps of each scale; 0 for never."""

    bits: Literal[8, 16] = 8
    """Depth of the result's colors; 16 for PNG and TIFF, for print."""

    trace: Path | None = None
    """Write the losses of every step to this file, as JSON lines."""

    checkpoint: Path | None = None
    """Save the state of the run in this folder, so that the same command resumes it and ends with the same bytes. The state is
    also saved at Ctrl-C and SIGTERM, and removed when the result is written. Other files in the folder are not touched."""

    checkpoint_every: float = 10.0
    """Minutes between saves of the state; 0 for after every few steps."""

    report: Path | None = None
    """Write a report to this .html file: before and after, loss curves, settings, command."""

    compile_cache: CompileCache = True
    quiet: Quiet = False

    json: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print progress and result as JSON lines on standard output."""

    @classmethod
    def of_recipe(cls, name: str) -> "Stylize":
        """The command with the defaults of a recipe."""
        return cls(content=tyro.MISSING, styles=tyro.MISSING, output=None, settings=recipe_named(name))

    def check(self) -> None:
        """Raise SettingsError for flags that contradict each other."""
        if not self.styles:
            raise SettingsError("got no style picture; give at least one: stylejax stylize CONTENT STYLE")
        if self.quiet and self.json:
            raise SettingsError("got quiet and json; give only one of them")
        if self.devices != "all" and self.split == "none":
            raise SettingsError(f"devices is {self.devices}, and one picture has one device; divide it with --split picture")
        self.peers.check()
        if self.peers.distributed and self.split == "none":
            raise SettingsError(
                "got --distributed, and a whole picture has one process; divide it with --split picture, or share a table of "
                "pictures among the processes with stylejax batch --distributed"
            )
        if self.save_every < 0:
            raise SettingsError(f"save_every is {self.save_every}; it must be a whole number, 0 for never")
        if self.format and self.output not in (None, STREAM):
            raise SettingsError(f"format is {self.format}, but {self.output} names its own; leave one of them out")
        if self.checkpoint and not self.output:
            raise SettingsError("got checkpoint but no output; name it with -o, so that the same command can resume it")
        if not self.output and as_url(self.content):
            raise SettingsError(f"{self.content} is not on this machine, where the result goes; name a file with -o")
        piped = [self.content, *self.styles].count(STREAM)
        if piped:
            self._check_input(piped)
        if self.output == STREAM:
            self._check_stream()

    def _check_input(self, count: int) -> None:
        if self.peers.distributed:
            raise SettingsError("standard input is that of one process, and all read the pictures; give them as files")
        if count > 1:
            raise SettingsError(f"got - for {count} pictures, but standard input is one; give the others as files")
        if not self.output:
            raise SettingsError("standard input has no name to call the result after; give -o FILE, or -o - for a pipe")
        if os.isatty(0):
            raise SettingsError("standard input is a terminal; send a picture there: cat town.jpg | stylejax stylize - ...")

    def _check_stream(self) -> None:
        if self.json:
            raise SettingsError("standard output cannot take picture and JSON lines; name a file with -o or leave out json")
        if self.save_every:
            raise SettingsError("save_every saves beside the output, but that is standard output; name a file with -o")
        if os.isatty(1):
            raise SettingsError("standard output is a terminal; send it to a file or a program, or name a file with -o")

    def run(self, console: "Console") -> int:
        """Paint and save; returns the exit code."""
        self.check()
        from stylejax.cli.stylize import StylizeRun  # JAX takes a second to import

        run = StylizeRun(**vars(self))
        if not self.peers.distributed:
            return run.run(console)
        from stylejax.cli.together import run_together

        return run_together(self.peers, partial(run.run, console), run.follow, show=self.output != STREAM)

"""The flags of `stylejax stylize`."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import tyro

from stylejax.choices import FormatName
from stylejax.cli.default_output import STREAM
from stylejax.cli.flags.shared import CompileCache, Quiet
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

    styles: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(name="style", metavar="STYLE [STYLE ...]")]
    """The painting whose style is taken; several are mixed, or each painted in a region of its own."""

    output: Annotated[
        Path | None, tyro.conf.arg(aliases=["-o"], metavar="PATH", help_behavior_hint="(default: beside the content)")
    ]
    """Where the result goes; the suffix names the format. `-` is standard output, and then all messages go to standard error.
    Unless given, a new file beside the content, named after both pictures."""

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

    format: Annotated[FormatName | None, tyro.conf.arg(help_behavior_hint="(default: png)")] = None
    """Format of a result whose output names none: beside the content, or on standard output."""

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
        if self.save_every < 0:
            raise SettingsError(f"save_every is {self.save_every}; it must be a whole number, 0 for never")
        if self.format and self.output not in (None, STREAM):
            raise SettingsError(f"format is {self.format}, but {self.output} names its own; leave one of them out")
        if self.checkpoint and not self.output:
            raise SettingsError("got checkpoint but no output; name it with -o, so that the same command goes on with it")
        if not self.output and as_url(self.content):
            raise SettingsError(f"{self.content} is not on this machine, where the result goes; name a file with -o")
        piped = [self.content, *self.styles].count(STREAM)
        if piped:
            self._check_input(piped)
        if self.output == STREAM:
            self._check_stream()

    def _check_input(self, count: int) -> None:
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

        return StylizeRun(**vars(self)).run(console)

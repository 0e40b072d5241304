"""The flags of `stylejax video`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from stylejax.cli.flags.shared import CompileCache, Quiet, Styles
from stylejax.cli.live import LiveOptions
from stylejax.errors import SettingsError
from stylejax.settings.recipes import recipe_named
from stylejax.settings.settings import Settings
from stylejax.video.options import VideoOptions

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Video:
    """Paint a clip so that it holds still: every frame follows the motion from the painting before it.

    Ctrl-C writes a shorter video; the same command goes on from the finished frames.

    Example: stylejax video waves.mp4 starry_night.jpg -o painted.mp4 --size 480
    """

    clip: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="CLIP")]
    """The clip: any video that FFmpeg reads, or a folder of frames. A quoted pattern, `'clips/*.mp4'`, names several clips."""

    styles: Styles
    """The painting with the style; several are mixed."""

    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """The painted clip: .mp4, .mov, .mkv or .webm; a name without a suffix is a folder for the frames, or for the videos of
    several clips."""

    settings: Annotated[tyro.conf.OmitArgPrefixes[Settings], tyro.conf.arg(name="")]

    options: Annotated[tyro.conf.OmitArgPrefixes[VideoOptions], tyro.conf.arg(name="")] = field(default_factory=VideoOptions)

    watching: Annotated[tyro.conf.OmitArgPrefixes[LiveOptions], tyro.conf.arg(name="")] = field(default_factory=LiveOptions)

    about_run: ClassVar = "What the run shows and prints."

    report: Path | None = None
    """Write a page to this .html file: a player, frames before and after, flicker, losses, settings, command."""

    compile_cache: CompileCache = True
    quiet: Quiet = False

    json: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print progress and result as JSON lines on standard output."""

    @classmethod
    def of_recipe(cls, name: str) -> "Video":
        """The command with the defaults of a recipe."""
        return cls(clip=tyro.MISSING, styles=tyro.MISSING, output=tyro.MISSING, settings=recipe_named(name))

    def check(self) -> None:
        """Raise SettingsError for flags that contradict each other."""
        if not self.styles:
            raise SettingsError("got no style picture; give at least one: stylejax video CLIP STYLE -o OUT.mp4")
        if self.quiet and self.json:
            raise SettingsError("got quiet and json; give only one of them")

    def run(self, console: "Console") -> int:
        """Paint and write; returns the exit code."""
        self.check()
        from stylejax.cli.video import VideoCommand  # JAX takes a second to import

        return VideoCommand(**vars(self)).run(console)

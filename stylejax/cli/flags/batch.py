"""The flags of `stylejax batch`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import tyro

from stylejax.batch.options import BatchOptions
from stylejax.cli.flags.machines import Machines
from stylejax.cli.flags.shared import CompileCache, Quiet
from stylejax.cli.live import LiveOptions
from stylejax.settings.recipes import recipe_named
from stylejax.settings.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Batch:
    """Stylize all pictures of a table or a folder. The same command again does only what is missing or has changed.

    Example: stylejax batch --content 'photos/**/*.jpg' --style 'paintings/*.jpg' -o painted
    """

    output: Annotated[str, tyro.conf.arg(aliases=["-o"])]
    """Folder for the results, a record beside each (`NAME.json`), `failures.jsonl` and `contact_sheet.jpg`; or a URL, such as
    `gs://bucket/painted`."""

    settings: Annotated[tyro.conf.OmitArgPrefixes[Settings], tyro.conf.arg(name="")]

    jobs: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="[JOBS]")] = ""
    """Table of jobs: .csv, .jsonl or .parquet, with columns named as the flags: content, style, output, size, style_weight ...
    A row's own cells override the flags. Relative paths start at the table's folder."""

    machines: Annotated[tyro.conf.OmitArgPrefixes[Machines], tyro.conf.arg(name="")] = field(default_factory=Machines)

    options: Annotated[tyro.conf.OmitArgPrefixes[tyro.conf.FlagCreatePairsOff[BatchOptions]], tyro.conf.arg(name="")] = field(
        default_factory=BatchOptions
    )

    watching: Annotated[tyro.conf.OmitArgPrefixes[LiveOptions], tyro.conf.arg(name="")] = field(default_factory=LiveOptions)

    about_run: ClassVar = "What the run shows and prints."

    dry_run: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Show the plan: groups, programs, batch sizes, memory. Nothing is executed or written."""

    report: Path | None = None
    """Write a page to this .html file: a grid of all pictures, including earlier ones, failures, settings, command."""

    compile_cache: CompileCache = True
    quiet: Quiet = False

    json: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print events as JSON lines on standard output."""

    @classmethod
    def of_recipe(cls, name: str) -> "Batch":
        """The command whose defaults are those of a recipe."""
        return cls(output=tyro.MISSING, settings=recipe_named(name))

    def run(self, console: "Console") -> int:
        """Plan and execute; returns 0, 3 when some pictures failed, or 129, 130 or 143 when it was stopped."""
        from stylejax.cli.batch import BatchRun  # JAX takes a second to import

        return BatchRun(**vars(self)).run(console)

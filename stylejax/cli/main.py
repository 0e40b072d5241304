"""The command line: one dataclass a command, one line an error, exit code 2 for what the user can mend."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Annotated, Any

import tyro
from rich.console import Console

from stylejax.cli.app import App
from stylejax.cli.batch import Batch
from stylejax.cli.begin import BEGIN
from stylejax.cli.completion import Completion
from stylejax.cli.demo import Demo
from stylejax.cli.info import Info
from stylejax.cli.recipes import Recipes
from stylejax.cli.sections import REGISTRY
from stylejax.cli.stylize import Stylize
from stylejax.cli.sweep import Sweep
from stylejax.cli.weights import convert_weights, fetch_weights, list_weights, verify_weights
from stylejax.errors import StylejaxError
from stylejax.images.read import silence_decoders
from stylejax.optimize.compiled import keep_compiled_programs

WeightsCommand = (
    Annotated[Any, tyro.conf.subcommand("list", constructor=list_weights)]
    | Annotated[Any, tyro.conf.subcommand("fetch", constructor=fetch_weights)]
    | Annotated[Any, tyro.conf.subcommand("convert", constructor=convert_weights)]
    | Annotated[Any, tyro.conf.subcommand("verify", constructor=verify_weights)]
)


@dataclass(frozen=True)
class WeightsCommands:
    """List, fetch, convert or verify the weights of feature networks.

    Example: stylejax weights fetch vgg19
    """

    done: tyro.conf.OmitSubcommandPrefixes[WeightsCommand]  # pyright: ignore[reportInvalidTypeForm]

    def run(self, console: Console) -> int:
        """The work was done while the arguments were read."""
        return 0


Commands = (
    Annotated[Demo, tyro.conf.subcommand("demo")]
    | Annotated[Sweep, tyro.conf.subcommand("sweep")]
    | Annotated[App, tyro.conf.subcommand("app")]
    | Annotated[WeightsCommands, tyro.conf.subcommand("weights")]
    | Annotated[Recipes, tyro.conf.subcommand("recipes")]
    | Annotated[Info, tyro.conf.subcommand("info")]
    | Annotated[Completion, tyro.conf.subcommand("completion")]
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 2 an error of the user's, 3 some pictures failed, 130 or 143 stopped by a signal."""
    console = Console()
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments in ([], ["stylize"]):
        print(BEGIN, file=sys.stderr)
        sys.exit(2)
    try:
        command = _parse(arguments)
        if isinstance(command, Completion):
            command = _parse(["--tyro-print-completion", command.shell])  # which exits
        silence_decoders()
        if getattr(command, "compile_cache", True):
            keep_compiled_programs()
        sys.exit(command.run(console))
    except StylejaxError as error:
        Console(stderr=True).print(f"stylejax: {error}", style="red", highlight=False, markup=False, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        Console(stderr=True).print("stylejax: stopped", highlight=False)
        sys.exit(130)


def _parse(arguments: Sequence[str]) -> Any:
    """The command that the arguments ask for; exits after a help text or a mistake."""
    recipe = "stylejax" if arguments[:1] == ["sweep"] else recipe_asked_for(arguments)  # a sweep may have several
    stylize = tyro.conf.subcommand("stylize", default=Stylize.of_recipe(recipe))
    batch = tyro.conf.subcommand("batch", default=Batch.of_recipe(recipe))
    return tyro.cli(
        Annotated[Stylize, stylize] | Annotated[Batch, batch] | Commands,  # pyright: ignore[reportArgumentType]
        prog="stylejax",
        description="Neural style transfer on JAX: paint a photograph in the style of a painting.",
        args=arguments,
        registry=REGISTRY,
    )


def recipe_asked_for(arguments: Sequence[str]) -> str:
    """The value of `--recipe`, which must be known before the others are read: it decides their defaults."""
    for flag, value in zip_longest(arguments, arguments[1:], fillvalue=""):
        if flag == "--recipe":
            return value
        if flag.startswith("--recipe="):
            return flag.partition("=")[2]
    return "stylejax"

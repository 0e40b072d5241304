"""The commands: one dataclass each, from which tyro derives flags and help."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated, Any, Union

import tyro

from stylejax.cli.app import App
from stylejax.cli.demo import Demo
from stylejax.cli.flags.batch import Batch
from stylejax.cli.flags.stylize import Stylize
from stylejax.cli.flags.sweep import Sweep
from stylejax.cli.flags.video import Video
from stylejax.cli.info import Info
from stylejax.cli.parsing.completion import Completion, completion_script
from stylejax.cli.parsing.grammar import ROOT_FLAGS, read_grammar
from stylejax.cli.parsing.mistakes import errors_in_one_line
from stylejax.cli.parsing.paths import REGISTRY
from stylejax.cli.recipes import Recipes
from stylejax.cli.terminal.welcome import BEGIN
from stylejax.cli.weights import convert_weights, fetch_weights, list_weights, verify_weights

if TYPE_CHECKING:
    from rich.console import Console


def _deferred(function: Callable[..., None]) -> Callable[..., Callable[[], None]]:
    """A constructor with the signature and the help of `function`, which returns the call instead of making it."""

    @wraps(function)
    def bind(*values: Any, **named: Any) -> Callable[[], None]:
        return partial(function, *values, **named)

    return bind


WeightsCommand = (
    Annotated[Any, tyro.conf.subcommand("list", constructor=_deferred(list_weights))]
    | Annotated[Any, tyro.conf.subcommand("fetch", constructor=_deferred(fetch_weights))]
    | Annotated[Any, tyro.conf.subcommand("convert", constructor=_deferred(convert_weights))]
    | Annotated[Any, tyro.conf.subcommand("verify", constructor=_deferred(verify_weights))]
)


@dataclass(frozen=True)
class WeightsCommands:
    """List, fetch, convert or verify the weights of feature networks.

    Example: stylejax weights fetch vgg19
    """

    command: Annotated[tyro.conf.OmitSubcommandPrefixes[WeightsCommand], tyro.conf.arg(name="")]  # pyright: ignore[reportInvalidTypeForm]

    def run(self, console: "Console") -> int:
        """Run the subcommand; returns the exit code."""
        self.command()
        return 0


def commands(recipe: str) -> dict[str, Any]:
    """The type of each command, by name, as tyro parses it; `recipe` decides the defaults of the settings."""
    kinds = {
        "stylize": Stylize,
        "batch": Batch,
        "video": Video,
        "demo": Demo,
        "sweep": Sweep,
        "app": App,
        "weights": WeightsCommands,
        "recipes": Recipes,
        "info": Info,
        "completion": Completion,
    }
    defaults = {name: kinds[name].of_recipe(recipe) for name in ("stylize", "batch", "video")}
    return {
        name: Annotated[kind, tyro.conf.subcommand(name, **({"default": defaults[name]} if name in defaults else {}))]
        for name, kind in kinds.items()
    }


def run(arguments: list[str]) -> int:
    """Parse the arguments and run their command; returns the exit code."""
    if arguments in ([], ["stylize"]):
        print(BEGIN, file=sys.stderr)
        return 2
    if arguments[0] == "--version":
        from stylejax.version import VERSION

        print(f"stylejax {VERSION}")
        return 0
    recipe = "stylejax" if arguments[:1] == ["sweep"] else recipe_asked_for(arguments)  # a sweep may vary it
    known = commands(recipe)
    every = Union[tuple(known.values())]  # noqa: UP007 - built from a tuple
    root = {"commands": known, "flags": ROOT_FLAGS}
    with errors_in_one_line(arguments, root, lambda name: read_grammar(partial(_parse, kind=known[name]), command=name)):
        command = _parse(arguments, every)
    if isinstance(command, Completion):
        print(completion_script(command.shell, read_grammar(partial(_parse, kind=every))))
        return 0
    from stylejax.cli.terminal.console import plain_console

    if hasattr(command, "compile_cache"):
        _prepare(keep_programs=command.compile_cache, console=plain_console(stderr=True))
    return command.run(plain_console())


def _prepare(*, keep_programs: bool, console: "Console") -> None:
    """Set up a process that will optimize pictures."""
    from stylejax.images.io.read import silence_decoders
    from stylejax.run.programs.compilation_cache import keep_compiled_programs

    silence_decoders()
    if keep_programs and (problem := keep_compiled_programs()):
        console.print(f"compiled programs are not kept: {problem}", soft_wrap=True)


def _parse(arguments: Sequence[str], kind: Any) -> Any:
    """Parse the arguments as `kind`; exits after printing a help text."""
    return tyro.cli(
        kind,
        prog="stylejax",
        description="Neural style transfer on JAX: paint a photograph in the style of a painting.\n\n"
        "stylejax COMMAND --help explains a command, and stylejax --version prints the version.",
        args=arguments,
        registry=REGISTRY,
    )


def recipe_asked_for(arguments: Sequence[str]) -> str:
    """The value of `--recipe`. It decides the defaults of the other flags, so it must be known before they are parsed."""
    for flag, value in zip_longest(arguments, arguments[1:], fillvalue=""):
        if flag == "--recipe":
            return value
        if flag.startswith("--recipe="):
            return flag.partition("=")[2]
    return "stylejax"

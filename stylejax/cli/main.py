"""The command line: one dataclass a command, one line an error, exit code 2 for what the user can mend."""

import sys
from collections.abc import Sequence
from typing import Annotated

import jax
import tyro
from rich.console import Console

from stylejax.cli.demo import Demo
from stylejax.cli.info import Info
from stylejax.cli.stylize import Stylize
from stylejax.cli.weights import Weights
from stylejax.errors import StylejaxError
from stylejax.files.cache import compiled_folder, private_folder

Command = (
    Annotated[Stylize, tyro.conf.subcommand("stylize")]
    | Annotated[Demo, tyro.conf.subcommand("demo")]
    | Annotated[Weights, tyro.conf.subcommand("weights")]
    | Annotated[Info, tyro.conf.subcommand("info")]
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 2 an error of the user's, 130 stopped by Ctrl-C."""
    console = Console()
    try:
        command = tyro.cli(
            Command,  # pyright: ignore[reportArgumentType]
            prog="stylejax",
            description="Neural style transfer on JAX: paint a photograph in the style of a painting.",
            args=arguments,
        )
        _keep_compiled_programs()
        sys.exit(command.run(console))
    except StylejaxError as error:
        Console(stderr=True).print(f"stylejax: {error}", style="red", highlight=False, markup=False, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        Console(stderr=True).print("stylejax: stopped", highlight=False)
        sys.exit(130)


def _keep_compiled_programs() -> None:
    try:
        folder = private_folder(compiled_folder())
    except StylejaxError:
        return  # a home that cannot be written costs a compilation each time, not the picture
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)

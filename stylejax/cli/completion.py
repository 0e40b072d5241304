"""`stylejax completion`: the script that lets a shell complete commands and flags."""

from dataclasses import dataclass
from typing import Literal

import tyro


@dataclass(frozen=True)
class Completion:
    """Print the script that lets your shell complete stylejax's commands and flags.

    Example: stylejax completion bash > ~/.local/share/bash-completion/completions/stylejax
    """

    shell: tyro.conf.Positional[Literal["bash", "zsh", "fish"]]
    """The shell that is to read the script."""

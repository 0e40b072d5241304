"""Flags of the commands that several processes can execute together."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import tyro

from stylejax.errors import SettingsError


@dataclass(frozen=True)
class Peers:
    """Several processes that start with the same command."""

    about_processes: ClassVar = "Several processes, on one machine or many, that execute the command together."

    distributed: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """This is one of several processes that start with the same command: of a batch each takes its share of the table, and one
    picture all paint together, with --split. JAX's runtime finds them by itself on a TPU pod, under Slurm or Kubernetes;
    elsewhere give --coordinator, --processes and --process."""

    coordinator: str | None = None
    """With --distributed: host:port of process 0."""

    processes: int | None = None
    """With --distributed: number of processes."""

    process: int | None = None
    """With --distributed: index of this process, from 0."""

    def check(self) -> None:
        """Raise SettingsError for flags that contradict each other."""
        if not self.distributed and (self.coordinator, self.processes, self.process) != (None, None, None):
            raise SettingsError("--coordinator, --processes and --process go with --distributed")

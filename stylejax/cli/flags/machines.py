"""Flags of `stylejax batch` for where it runs: devices, share of the table, machines."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import tyro

from stylejax.cli.flags.peers import Peers
from stylejax.cli.flags.shared import Devices, Split
from stylejax.errors import SettingsError

if TYPE_CHECKING:
    from stylejax.batch.input.shard import Share


@dataclass(frozen=True)
class Machines:
    """Where a batch runs."""

    peers: Annotated[tyro.conf.OmitArgPrefixes[Peers], tyro.conf.arg(name="")] = field(default_factory=Peers)

    about_machine: ClassVar = "The devices and machines that share the work."

    devices: Devices = "all"
    split: Split = "none"

    shard: str = "auto"
    """Process only a share of the table, i/n, with i from 0: `--shard 0/8` is the first of eight. `auto` reads it from a Slurm
    array job or a Kubernetes indexed job (with STYLEJAX_SHARDS set to its completions); elsewhere it is the whole table."""

    engine: Literal["local", "ray"] = "local"
    """Where batches are executed: in this process, or by workers on a Ray cluster, whose machines may come and go."""

    workers: int | None = None
    """With --engine ray: number of workers; one per accelerator of the cluster unless given."""

    ray_address: str | None = None
    """With --engine ray: the cluster, such as `auto` on one of its machines; unless given, RAY_ADDRESS or a cluster on this
    machine alone."""

    def check(self) -> None:
        """Raise SettingsError for flags that contradict each other."""
        self.peers.check()
        if self.shard != "auto" and (self.peers.distributed or self.engine == "ray"):
            raise SettingsError("--shard, --distributed and --engine ray each divide the table; give only one of them")
        if self.peers.distributed and self.engine == "ray":
            raise SettingsError("--distributed and --engine ray each divide the table; give only one of them")
        if self.split != "none" and (self.peers.distributed or self.engine == "ray"):
            raise SettingsError("--split takes the devices of this machine alone; share the table with --shard i/n instead")
        if self.engine != "ray" and (self.workers, self.ray_address) != (None, None):
            raise SettingsError("--workers and --ray-address go with --engine ray")

    def join(self) -> "Share":
        """The share of the table that this process executes. Call it before anything uses JAX's devices."""
        from stylejax.batch.input import distributed
        from stylejax.batch.input.shard import Share

        if self.peers.distributed:
            return distributed.join(self.peers.coordinator, processes=self.peers.processes, process=self.peers.process)
        if self.engine == "ray":
            return Share()
        return Share.of_environment(os.environ) if self.shard == "auto" else Share.parse(self.shard)

    def make_engine(self) -> Callable[..., Any]:
        """The class that executes the minibatches."""
        from stylejax.batch.execute.local import LocalEngine
        from stylejax.batch.execute.ray import RayEngine

        return partial(RayEngine, workers=self.workers, address=self.ray_address) if self.engine == "ray" else LocalEngine

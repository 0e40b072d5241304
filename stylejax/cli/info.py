"""`stylejax info`: what is installed, where it runs and which weights there are."""

import platform
from dataclasses import dataclass
from importlib.metadata import version

import jax
from rich.console import Console
from rich.table import Table

from stylejax.files.cache import cache_folder
from stylejax.model.sources import SOURCES, installed_path, resolve_auto
from stylejax.optimize.budget import free_memory, in_words, memory_budget, total_memory


@dataclass(frozen=True)
class Info:
    """Print versions, devices, their memory, the cache folder and the weight sets.

    Example: stylejax info
    """

    def run(self, console: Console) -> int:
        """Print it all; returns the exit code."""
        table = Table(show_header=False, box=None, pad_edge=False)
        for package in ("stylejax", "jax", "jaxlib", "flax", "optax", "numpy", "pillow"):
            table.add_row(package, version(package))
        table.add_row("python", f"{platform.python_version()} on {platform.platform()}")
        table.add_row("devices", ", ".join(f"{device.platform}:{device.id} ({device.device_kind})" for device in jax.devices()))
        table.add_row("memory", _memory())
        table.add_row("cache", str(cache_folder()))
        for name in SOURCES:
            path = installed_path(name)
            table.add_row(f"weights {name}", str(path) if path else f"not installed: stylejax weights fetch {name}")
        table.add_row("model auto", resolve_auto().message)
        console.print(table, soft_wrap=True)
        return 0


def _memory() -> str:
    amounts = {"in all": total_memory(), "free": free_memory(), "to use": memory_budget()}
    return ", ".join(f"{in_words(amount)} {what}" for what, amount in amounts.items() if amount) or "unknown"

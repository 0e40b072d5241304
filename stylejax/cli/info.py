"""`stylejax info`: versions, devices and weight sets."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stylejax.files.cache import cache_folder
from stylejax.weights.sources import SOURCES, installed_path, resolve_auto

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Info:
    """Print versions, devices, their memory, the cache folder and the weight sets.

    Example: stylejax info
    """

    def run(self, console: "Console") -> int:
        """Print one fact per line; returns the exit code."""
        for name, fact in _facts():
            print(f"{name:<25}  {fact}", flush=True)
        return 0


def _facts() -> Iterator[tuple[str, str]]:
    import platform
    from importlib.metadata import version

    for package in ("stylejax", "jax", "jaxlib", "flax", "optax", "numpy", "pillow"):
        yield package, version(package)
    yield "python", f"{platform.python_version()} on {platform.platform()}"
    yield "cache", str(cache_folder())
    for name in SOURCES:
        yield f"weights {name}", str(installed_path(name) or f"not installed: stylejax weights fetch {name}")
    yield "model auto", resolve_auto().message
    # Last, because JAX takes longer than everything above.
    from stylejax.network.backend import local_devices
    from stylejax.run.memory.available import format_bytes, free_memory, memory_budget, total_memory

    yield "devices", ", ".join(f"{device.platform}:{device.id} ({device.device_kind})" for device in local_devices())
    amounts = {"in all": total_memory(), "free": free_memory(), "to use": memory_budget()}
    yield "memory", ", ".join(f"{format_bytes(amount)} {what}" for what, amount in amounts.items() if amount) or "unknown"

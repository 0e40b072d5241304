"""The memory that is available to a run.

On an accelerator this is what the device reports; on a CPU what the system and the limits of this process leave.
`STYLEJAX_MEMORY`, such as `6G`, overrides both.
"""

import os
import re
from pathlib import Path

from stylejax.errors import SettingsError
from stylejax.network.backend import local_devices, platform
from stylejax.run.memory.limits import limited_memory

VARIABLE = "STYLEJAX_MEMORY"
HEADROOM = {"cpu": 0.85}
"""Share of the free memory that a program may take; the rest is for pictures, files and other programs."""
ACCELERATOR_HEADROOM = 0.95

_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def memory_budget() -> int | None:
    """Bytes that a program may take on the first device; None where that is unknown.

    Raises:
        SettingsError: `STYLEJAX_MEMORY` is no amount of memory.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return parse_bytes(chosen)
    free = free_memory()
    return None if free is None else int(free * HEADROOM.get(platform(), ACCELERATOR_HEADROOM))


def total_memory() -> int | None:
    """All bytes of the first device; None where that is unknown."""
    device = local_devices()[0]
    if device.platform != "cpu":
        return (device.memory_stats() or {}).get("bytes_limit")
    return _physical()


def free_memory() -> int | None:
    """Bytes that are free on the first device now; None where that is unknown."""
    device = local_devices()[0]
    if device.platform != "cpu":
        stats = device.memory_stats() or {}
        return stats["bytes_limit"] - stats.get("bytes_in_use", 0) if "bytes_limit" in stats else None
    limits = [free for free in (_system_free(), limited_memory()) if free is not None]
    return min(limits, default=None)


def parse_bytes(text: str) -> int:
    """Read `6G`, `1.5 GiB`, `800M` or a count of bytes.

    Raises:
        SettingsError: it is something else, or nothing.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*", text, re.IGNORECASE)
    count = float(match[1]) * _UNITS[match[2].lower()] if match else 0.0
    if not 2**16 <= count < 2**63:  # fewer are an amount without its unit
        raise SettingsError(f"the memory to use is {text[:40]!r}; it must be an amount such as 6G, 800M or a count of bytes")
    return int(count)


def format_bytes(count: float) -> str:
    """`1.50 GiB`, or whole MiB below one GiB, or `3.0 MiB` below ten."""
    if count >= 2**30:
        return f"{count / 2**30:.2f} GiB"
    return f"{count / 2**20:.0f} MiB" if count >= 10 * 2**20 else f"{count / 2**20:.1f} MiB"


def _system_free() -> int | None:
    """Memory that programs can have without swapping; half of all memory on a system that reports only its total."""
    try:
        found = re.search(r"^MemAvailable:\s+(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE)
        if found:
            return int(found[1]) * 1024
    except OSError:
        pass
    physical = _physical()
    return None if physical is None else physical // 2


def _physical() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None  # not a POSIX system

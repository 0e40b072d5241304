"""What the limits of this process leave of the machine's memory: control groups, of both versions, and `ulimit -v`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

GROUPS, MEMBERSHIP, USE = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup"), Path("/proc/self/statm")


class _Files(NamedTuple):
    """Names in the folder of a control group."""

    limit: str
    used: str
    cached: str
    """The key in `memory.stat` of cached files, which count as free."""


_FIRST = _Files("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
_SECOND = _Files("memory.max", "memory.current", "inactive_file")


def limited_memory() -> int | None:
    """Bytes that every limit of this process leaves free; None without a limit."""
    left = [*_left_by_groups(), *_left_of_address_space()]
    return max(0, min(left)) if left else None


def _left_by_groups() -> Iterator[int]:
    """By each control group of this process and those above it; in a container the topmost is its own."""
    try:
        lines = MEMBERSHIP.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        top, files = (GROUPS / "memory", _FIRST) if controllers else (GROUPS, _SECOND)
        group = top / path.lstrip("/")
        for folder in (group, *group.parents):
            left = _left_by(folder, files)
            if left is not None:
                yield left
            if folder == top:
                break


def _left_by(group: Path, files: _Files) -> int | None:
    try:
        most = (group / files.limit).read_text().strip()
        used = int((group / files.used).read_text())
        cached = re.search(rf"^{files.cached} (\d+)$", (group / "memory.stat").read_text(), re.MULTILINE)
        limit = None if most == "max" or int(most) >= 2**62 else int(most)  # how the first version says that there is none
    except (OSError, ValueError):
        return None
    return None if limit is None else limit - used + (int(cached[1]) if cached else 0)


def _left_of_address_space() -> Iterator[int]:
    try:
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            yield limit - int(USE.read_text().split()[0]) * resource.getpagesize()
    except (ImportError, OSError, ValueError):
        return  # not a POSIX system

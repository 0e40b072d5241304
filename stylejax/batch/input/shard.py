"""The share of a table that one process executes, where independent processes divide one table.

Every process reads the whole table; share i of n takes every n-th of its rows. The shares are disjoint and cover the table,
without any communication; a share whose process died is simply started again.

    where the share comes from          i                          n
    --shard 3/8                         3                          8
    a Slurm array job                   SLURM_ARRAY_TASK_ID        SLURM_ARRAY_TASK_COUNT, from SLURM_ARRAY_TASK_MIN
    a Kubernetes indexed job            JOB_COMPLETION_INDEX       STYLEJAX_SHARDS, the job's `completions`
    jax.distributed (--distributed)     jax.process_index()        jax.process_count()

Kubernetes does not give a pod the number of pods, so the manifest has to (docs/fleets/kubernetes.yaml).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from stylejax.errors import SettingsError

_Row = TypeVar("_Row")


@dataclass(frozen=True)
class Share:
    """Share `index`, counted from 0, of `count`."""

    index: int = 0
    count: int = 1

    def __post_init__(self):
        """Raise SettingsError for an index or a count out of range."""
        if not 0 <= self.index < self.count:
            raise SettingsError(
                f"got share {self.index}/{self.count}; shares are counted from 0, so i of i/n is from 0 to {self.count - 1}"
                if self.count > 0
                else f"got share {self.index}/{self.count}; n of i/n must be at least 1"
            )

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    @classmethod
    def parse(cls, text: str) -> "Share":
        """Read `i/n`.

        Raises:
            SettingsError: it is not such a pair, or i is not from 0 to n - 1.
        """
        match = re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", text)
        if not match:
            raise SettingsError(f"got share {text!r}; it must be i/n, such as 0/8 for the first of eight")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> "Share":
        """The share that Slurm or Kubernetes assigned to this process; the whole table where there is neither.

        Raises:
            SettingsError: the variables contradict each other, or the number of shares is missing.
        """
        if "SLURM_ARRAY_TASK_ID" in environment:
            first, last, step = (_number(environment, f"SLURM_ARRAY_TASK_{name}", default=0) for name in ("MIN", "MAX", "STEP"))
            count = _number(environment, "SLURM_ARRAY_TASK_COUNT", default=0)
            step, own = max(step, 1), _number(environment, "SLURM_ARRAY_TASK_ID", default=0)
            if count != len(range(first, last + 1, step)) or own not in range(first, last + 1, step):
                raise SettingsError(
                    f"the Slurm array has {count} tasks from {first} to {last}; number them without gaps, such as "
                    f"--array=0-{max(count - 1, 0)}, or give --shard i/n"
                )
            return cls((own - first) // step, count)
        if "JOB_COMPLETION_INDEX" in environment:
            if "STYLEJAX_SHARDS" not in environment:
                raise SettingsError(
                    "this is a Kubernetes indexed job, which does not say how many pods it has; "
                    "set STYLEJAX_SHARDS to its `completions`, or give --shard i/n"
                )
            return cls(_number(environment, "JOB_COMPLETION_INDEX"), _number(environment, "STYLEJAX_SHARDS"))
        return cls()

    def of(self, rows: Sequence[_Row]) -> list[_Row]:
        """This share of the rows."""
        return list(rows[self.index :: self.count])


def _number(environment: Mapping[str, str], name: str, *, default: int | None = None) -> int:
    text = environment.get(name, "" if default is None else str(default))
    if not re.fullmatch(r"\d{1,9}", text):
        raise SettingsError(f"the environment variable {name} is {text!r}; it must be a whole number")
    return int(text)

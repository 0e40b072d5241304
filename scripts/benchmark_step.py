"""Compare the time of one optimization step with PyTorch, for combinations of network, size, batch and precision.

    python scripts/benchmark_step.py                              sizes 256 and 512, both networks; five minutes on two cores
    python scripts/benchmark_step.py --batches 1 16 --sizes 512   for a GPU

Programs run alternately in one process. Prints a table with median times, the speedup over the fastest variant of PyTorch,
compile times, the share of the matrix rate measured on the same device, and the time of a step in the compiled loop over a
single call; `-o` writes all results as JSON. Install PyTorch with `pip install 'stylejax[reference]'`; without it, only
stylejax is measured.
"""

import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # leave memory for PyTorch

import jax
import tyro
from benchmark import machine, ours
from benchmark.problem import NetworkName, Problem
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Benchmark:
    """Compare the time of one optimization step with PyTorch."""

    networks: tuple[NetworkName, ...] = ("vgg19", "vgg19-slim")
    """Networks."""

    sizes: tuple[int, ...] = (256, 512)
    """Sides of the square pictures, in pixels."""

    batches: tuple[int, ...] = (1,)
    """Batch sizes."""

    precisions: tuple[Literal["auto", "float32", "tf32", "bfloat16"], ...] = ("auto",)
    """Precisions of the convolutions of stylejax. PyTorch uses the fastest of all its variants."""

    rounds: int = 5
    """Number of runs of each program; the table shows medians."""

    output: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """Write the results to this file as JSON."""

    def run(self) -> None:
        """Run all measurements and print the table."""
        console = Console(width=None if Console().is_terminal else 150)
        about = machine.describe()
        rates = {name: machine.matrix_rate(name) for name in ("float32", "bfloat16")}
        console.print(
            f"{about}  matrix rate: " + ", ".join(f"{rate / 1e12:.2f} TFLOP/s {name}" for name, rate in rates.items())
        )
        rows = []
        for network in self.networks:
            for size in self.sizes:
                for batch in self.batches:
                    problem = Problem(network, size, batch)
                    rows += [self._row(problem, precision, rates) for precision in self.precisions]
                    console.print(_summary(rows[-len(self.precisions) :]))
        console.print(_table(rows))
        if self.output:
            self.output.write_text(json.dumps({"machine": about, "matrix_rates": rates, "rows": rows}, indent=1))

    def _row(self, problem: Problem, precision: Any, rates: dict[str, float]) -> dict[str, Any]:
        timers: dict[str, Callable[[], float]] = {
            "loop": ours.step_timer(problem, precision),
            "alone": ours.step_timer(problem, precision, alone=True),
        }
        if find_spec("torch"):
            from benchmark import theirs

            device = "cpu" if jax.default_backend() == "cpu" else "cuda"
            for variant in theirs.variants(device):
                timers[variant.name] = theirs.step_timer(problem, variant, device, steps=2 if device == "cpu" else 10)
        first, times = {}, {name: [] for name in timers}
        for name, timer in timers.items():
            began = time.perf_counter()
            timer()
            first[name] = time.perf_counter() - began
        for _ in range(self.rounds):
            for name, timer in timers.items():
                times[name].append(timer())
        medians = {name: statistics.median(values) for name, values in times.items()}
        torch = {name: value for name, value in medians.items() if name not in ("loop", "alone")}
        fastest = min(torch, key=lambda name: torch[name]) if torch else ""
        rate = rates["float32" if jax.default_backend() == "cpu" or precision == "float32" else "bfloat16"]
        return {
            **vars(problem),
            "precision": precision,
            "step": medians["loop"],
            "images_per_second": problem.batch / medians["loop"],
            "loop_over_alone": medians["loop"] / medians["alone"],
            "share_of_matrix_rate": problem.operations() / medians["loop"] / rate,
            "compile": first["loop"],
            "torch": torch,
            "torch_fastest": fastest,
            "ratio": torch[fastest] / medians["loop"] if torch else None,
        }


def _summary(rows: list[dict[str, Any]]) -> str:
    return "\n".join(
        f"{row['network']} {row['size']} ×{row['batch']} {row['precision']}: {1e3 * row['step']:.1f} ms"
        + "".join(f"; {name} {1e3 * value:.1f}" for name, value in row["torch"].items())
        for row in rows
    )


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    headings = ("network", "size", "batch", "precision", "ms per step", "images/s", "PyTorch ms", "variant", "speedup")
    for heading in (*headings, "share of matrix rate", "loop/alone", "compile s"):
        table.add_column(heading, justify="left" if heading in ("network", "precision", "variant") else "right")
    for row in rows:
        torch = f"{1e3 * row['torch'][row['torch_fastest']]:.1f}" if row["torch"] else "-"
        table.add_row(
            row["network"],
            str(row["size"]),
            str(row["batch"]),
            row["precision"],
            f"{1e3 * row['step']:.1f}",
            f"{row['images_per_second']:.1f}",
            torch,
            row["torch_fastest"] or "-",
            f"{row['ratio']:.2f}" if row["ratio"] else "-",
            f"{row['share_of_matrix_rate']:.0%}",
            f"{row['loop_over_alone']:.2f}",
            f"{row['compile']:.1f}",
        )
    return table


if __name__ == "__main__":
    tyro.cli(Benchmark).run()

"""Measure the time from the command to the finished picture, without (cold) and with (warm) compiled programs in the cache.

    python scripts/benchmark_picture.py                     the default recipe at 512 pixels; four minutes on two cores
    python scripts/benchmark_picture.py --size 1024 --recipe crowson
    python scripts/benchmark_picture.py --phases            where the seconds go, as a Markdown table

Each run is a separate process. The cold run starts with an empty cache folder; the warm runs use its compiled programs.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import tyro
from benchmark import machine

from stylejax.images.io.write import write_picture
from stylejax.samples import PAINTINGS, demo_photograph


@dataclass(frozen=True)
class Benchmark:
    """Measure the time to a finished picture."""

    size: int = 512
    """Long side of the picture, in pixels."""

    recipe: str = "stylejax"
    """The recipe."""

    model: str = "vgg19-slim"
    """The feature network; `vgg19` must have been fetched."""

    runs: int = 3
    """Number of warm runs; the median is printed."""

    phases: bool = False
    """Print a table of the phases of a cold and a warm run."""

    def run(self) -> None:
        """Run the benchmark and print the times."""
        with tempfile.TemporaryDirectory() as folder:
            content, style = Path(folder) / "content.png", Path(folder) / "style.png"
            write_picture(content, demo_photograph())
            write_picture(style, next(iter(PAINTINGS.values()))(512, 512))
            command = [sys.executable, "-c", "from stylejax.cli.main import main; main()", "stylize", str(content), str(style)]
            command += ["-o", str(Path(folder) / "out.png"), "--size", str(self.size), "--recipe", self.recipe]
            command += ["--model", self.model, "--quiet"]
            weights = {} if self.model == "vgg19-slim" else {"STYLEJAX_CACHE": os.environ.get("STYLEJAX_CACHE", "")}
            environment = os.environ | ({"STYLEJAX_CACHE": str(Path(folder) / "cache")} | weights)
            if self.phases:
                command = [sys.executable, "-c", _PHASES, str(content), str(style), str(self.size), self.recipe, self.model]
                cold, warm = (_phases([*command, repr(time.time())], environment) for _ in range(2))
                print(machine.describe(), _table(cold, warm), sep="\n\n")
                return
            seconds = [_timed(command, environment) for _ in range(1 + self.runs)]
        print(machine.describe())
        warm = statistics.median(seconds[1:])
        print(f"{self.recipe}, {self.size} pixels, {self.model}: cold {seconds[0]:.1f} s, warm {warm:.1f} s")


_PHASES = """
import json, sys, time
content, style, size, recipe, model, began = sys.argv[1:]
marks = [("", float(began))]
mark = lambda name: marks.append((name, time.time()))

import stylejax
from stylejax.run.programs.compilation_cache import keep_compiled_programs
keep_compiled_programs()
mark("Python and imports")
network = stylejax.load_model(model)
mark("network")

def preparing(update):
    if update.seconds == 0:
        mark(f"steps at scale {update.scale - 1}" if update.scale > 1 else "pictures")

def observe(progress):
    if progress.step <= 10:  # the first chunk of a scale
        began = time.time() - progress.step / progress.steps_per_second
        marks.append((f"program and targets of scale {progress.scale}", began))

result = stylejax.stylize(
    content, style, size=int(size), recipe=recipe, model=network, observe=observe, preparing=preparing
)
mark("steps at the last scale")
result.save(content + ".out.png")
mark("writing")
print(json.dumps([(name, time - before) for (name, time), (_, before) in zip(marks[1:], marks)]))
"""


def _phases(command: list[str], environment: dict[str, str]) -> list[tuple[str, float]]:
    written = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    return [(name, seconds) for name, seconds in json.loads(written.splitlines()[-1])]


def _table(cold: list[tuple[str, float]], warm: list[tuple[str, float]]) -> str:
    rows = [f"| {name} | {a:.1f} | {b:.1f} |" for (name, a), (_, b) in zip(cold, warm, strict=True)]
    totals = [sum(seconds for _, seconds in each) for each in (cold, warm)]
    head = ["| seconds | cold | warm |", "| --- | ---: | ---: |"]
    return "\n".join([*head, *rows, f"| together | {totals[0]:.1f} | {totals[1]:.1f} |"])


def _timed(command: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, env=environment, check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    tyro.cli(Benchmark).run()

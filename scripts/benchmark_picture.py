"""Measure the time from the command to the finished picture, without (cold) and with (warm) compiled programs in the cache.

    python scripts/benchmark_picture.py                     the default recipe at 512 pixels; four minutes on two cores
    python scripts/benchmark_picture.py --size 1024 --recipe crowson

Each run is a separate process. The cold run starts with an empty cache folder; the warm runs use its compiled programs.
"""

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
            seconds = [_timed(command, environment) for _ in range(1 + self.runs)]
        print(machine.describe())
        warm = statistics.median(seconds[1:])
        print(f"{self.recipe}, {self.size} pixels, {self.model}: cold {seconds[0]:.1f} s, warm {warm:.1f} s")


def _timed(command: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, env=environment, check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    tyro.cli(Benchmark).run()

"""Measure the memory and the seconds per step of pictures in tiles, beside those of the whole.

    python scripts/benchmark_tiles.py                                  2048 pixels square, whole and in tiles
    python scripts/benchmark_tiles.py --shapes 6000x4000 --tiles auto --memory 8G --steps 1
    python scripts/benchmark_tiles.py --shapes 12288x8192 --tiles auto --steps 1 --before 0             100 megapixels

Each line is a process of its own, so that its peak memory is that of one picture: from reading the network to the last step of
a single scale. Prints a Markdown table.
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass

import tyro
from benchmark import machine

_CHILD = """
import json, resource, sys
from stylejax.images.resize import resize
from stylejax.run.inputs.job import Job
from stylejax.run.loop import optimize_batch
from stylejax.samples import PAINTINGS, demo_photograph
from stylejax.settings.settings import Settings
from stylejax.weights.load import load_model

height, width, tiles, model, steps, before = json.loads(sys.argv[1])
longest = max(height, width)
settings = Settings(size=longest, smallest_size=longest, tiles=tiles, iterations=steps + before, model=model, init="content")
style = next(iter(PAINTINGS.values()))(512, 512)
job = Job(resize(demo_photograph(), height // 4, width // 4), (style,), settings)
marks = [0.0]
for progress in optimize_batch(load_model(model), [job], every=1):
    marks.append(progress.seconds)
print(json.dumps([(marks[-1] - marks[before]) / steps, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20]))
"""


@dataclass(frozen=True)
class Benchmark:
    """Measure pictures in tiles."""

    shapes: tuple[str, ...] = ("2048x2048",)
    """Width and height, in pixels."""

    tiles: tuple[str, ...] = ("none", "1024", "512")
    """Values of the setting `tiles`."""

    model: str = "vgg19-slim"
    """The feature network; `vgg19` must have been fetched."""

    steps: int = 2
    """Steps that are timed."""

    before: int = 1
    """Steps before them, which also compile small programs; 0 where a step takes minutes."""

    memory: str = ""
    """Memory limit, such as `8G`; what is available by default."""

    def run(self) -> None:
        """Run all measurements and print the table."""
        print(machine.describe(), "", "| picture | megapixels | tiles | seconds per step | peak memory, GiB |", sep="\n")
        print("| --- | ---: | ---: | ---: | ---: |")
        for shape in self.shapes:
            width, height = map(int, re.fullmatch(r"(\d+)x(\d+)", shape).groups())  # pyright: ignore[reportOptionalMemberAccess]
            for tiles in self.tiles:
                seconds, gigabytes = self._measure(height, width, int(tiles) if tiles.isdigit() else tiles)
                print(f"| {shape} | {width * height / 1e6:.1f} | {tiles} | {seconds:.2f} | {gigabytes:.2f} |", flush=True)

    def _measure(self, height: int, width: int, tiles: int | str) -> tuple[float, float]:
        arguments = json.dumps([height, width, tiles, self.model, self.steps, self.before])
        environment = os.environ | ({"STYLEJAX_MEMORY": self.memory} if self.memory else {})
        child = [sys.executable, "-c", _CHILD, arguments]
        output = subprocess.run(child, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
        return tuple(json.loads(output.splitlines()[-1]))


if __name__ == "__main__":
    tyro.cli(Benchmark).run()

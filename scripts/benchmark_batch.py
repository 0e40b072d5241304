"""Measure the overhead of the batch engine over the optimization alone.

    python scripts/benchmark_batch.py

Stylizes photographs of several shapes with the network included in stylejax: the optimization alone with all pictures in
memory, and the whole engine with reading, encoding, records and claims. Programs are compiled and run once before the
measurement. The order is alone, engine, alone, which reveals drift of the machine. Needs scikit-image; takes a minute and a
half on two cores.
"""

import dataclasses
import tempfile
import time
from pathlib import Path

import numpy as np
from skimage import data

from stylejax.batch.execute.run import run_batch
from stylejax.batch.execute.shutdown import Shutdown
from stylejax.batch.execute.worker import Worker
from stylejax.batch.input.row import Row
from stylejax.batch.output.store import Store
from stylejax.batch.plan.survey import survey
from stylejax.files.folder import Folder
from stylejax.images.io.write import write_picture
from stylejax.settings.settings import Settings

SHAPES = ((480, 640), (640, 480), (512, 512))
SETTINGS = Settings(model="vgg19-slim", size=192, smallest_size=192, iterations=20)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photographs = [data.astronaut(), data.coffee(), data.chelsea()]
        rows = []
        for number in range(12):
            height, width = SHAPES[number % len(SHAPES)]
            pixels = np.resize(photographs[number // len(SHAPES) % 3], (height, width, 3)) / 255
            write_picture(folder / f"{number}.jpg", pixels)
            rows.append(Row(number, str(folder / f"{number}.jpg"), (str(folder / "style.jpg"),), f"{number}.png", SETTINGS))
        write_picture(folder / "style.jpg", data.rocket() / 255)
        painter = Worker()
        warm = dataclasses.replace(SETTINGS, iterations=1)
        run(painter, [dataclasses.replace(row, settings=warm) for row in rows], folder / "warm")
        before = bare(painter, rows, folder / "bare")
        engine = run(painter, rows, folder / "engine")
        after = bare(painter, rows, folder / "bare")
    cost = engine / ((before + after) / 2) - 1
    print(f"alone {before:.2f} s, engine {engine:.2f} s, alone {after:.2f} s: overhead {cost:+.1%}")


def bare(painter: Worker, rows: list[Row], output: Path) -> float:
    """Seconds of the optimization alone, with all pictures in memory."""
    plan = survey(rows, Store(Folder(output)), lambda group: 2)
    loaded = [painter.loader.load(unit) for unit in plan.units()]
    began = time.perf_counter()
    for unit in loaded:
        painter.paint(unit)
    return time.perf_counter() - began


def run(painter: Worker, rows: list[Row], output: Path) -> float:
    """Seconds of the whole run, including planning."""
    began = time.perf_counter()
    store = Store(Folder(output))
    plan = survey(rows, store, lambda group: 2)
    for _ in run_batch(plan, painter, store, stop=Shutdown(0)):
        pass
    return time.perf_counter() - began


if __name__ == "__main__":
    main()

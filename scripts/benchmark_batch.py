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
from stylejax.batch.output.store import Store
from stylejax.batch.plan.batch_plan import plan_batch
from stylejax.batch.records import JobSpec
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
            rows.append(JobSpec(number, str(folder / f"{number}.jpg"), (str(folder / "style.jpg"),), f"{number}.png", SETTINGS))
        write_picture(folder / "style.jpg", data.rocket() / 255)
        worker = Worker()
        warm = dataclasses.replace(SETTINGS, iterations=1)
        run(worker, [dataclasses.replace(row, settings=warm) for row in rows], folder / "warm")
        before = bare(worker, rows, folder / "bare")
        engine = run(worker, rows, folder / "engine")
        after = bare(worker, rows, folder / "bare")
    cost = engine / ((before + after) / 2) - 1
    print(f"alone {before:.2f} s, engine {engine:.2f} s, alone {after:.2f} s: overhead {cost:+.1%}")


def bare(worker: Worker, rows: list[JobSpec], output: Path) -> float:
    """Seconds of the optimization alone, with all pictures in memory."""
    plan = plan_batch(rows, Store(Folder(output)), lambda group: 2)
    loaded = [(minibatch, worker.loader.load(minibatch)) for minibatch in plan.minibatches()]
    began = time.perf_counter()
    for minibatch, rows_in_memory in loaded:
        worker.stylize(minibatch, rows_in_memory)
    return time.perf_counter() - began


def run(worker: Worker, rows: list[JobSpec], output: Path) -> float:
    """Seconds of the whole run, including the plan."""
    began = time.perf_counter()
    store = Store(Folder(output))
    plan = plan_batch(rows, store, lambda group: 2)
    for _ in run_batch(plan, worker, store, stop=Shutdown(0)):
        pass
    return time.perf_counter() - began


if __name__ == "__main__":
    main()

"""Measurement of step, decoding and encoding times on this machine."""

import datetime
import os
import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from stylejax.images.io.read import read_picture
from stylejax.images.io.write import write_picture
from stylejax.run.inputs.job import Job
from stylejax.run.loop import optimize_batch
from stylejax.samples import paint_waves
from stylejax.settings.settings import Settings
from stylejax.weights.load import load_model


def measure(model: str, sizes: Sequence[int], *, steps: int = 60) -> dict[str, Any]:
    """Measure a 4:3 picture at each long side: seconds per step, and seconds to read it as JPEG and write it as PNG."""
    network = load_model(model)
    rows = [{"size": size, **_steps(network, size, steps), **_files(size)} for size in sizes]
    return {
        "network": network.spec.name,
        "hardware": f"{os.cpu_count()} cores, {jax.local_devices()[0].device_kind}, {_processor()}",
        "date": datetime.date.today().isoformat(),
        "jax": jax.__version__,
        "batch_size": 1,
        "rows": rows,
    }


def _steps(network: Any, size: int, steps: int) -> dict[str, float]:
    """Seconds per step of the fastest chunk, without the first chunk, which compiles."""
    height = size * 3 // 4
    content = paint_waves(height, size)
    settings = Settings(size=size, smallest_size=size, iterations=steps)
    times, last = [], None
    for progress in optimize_batch(network, [Job(content, (content[::-1].copy(),), settings)]):
        now = time.perf_counter()
        if last is not None:
            times.append((now - last[0]) / (progress.step - last[1]))
        last = (now, progress.step)
    return {"height": height, "width": size, "step_seconds": min(times)}


def _files(size: int) -> dict[str, float]:
    picture = paint_waves(size * 3 // 4, size)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.jpg"), Path(folder, "out.png")
        encode = _fastest(lambda: write_picture(target, picture))
        write_picture(source, picture)
        decode = _fastest(lambda: read_picture(source))
        return {"decode_seconds": decode, "encode_seconds": encode, "output_bytes": target.stat().st_size}


def _fastest(work: Callable[[], Any], times: int = 3) -> float:
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        spent.append(time.perf_counter() - began)
    return float(np.min(spent))


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()

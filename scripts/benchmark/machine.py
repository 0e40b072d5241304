"""Description of the machine, and its rate of matrix multiplication."""

import datetime
import os
import platform
import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp


def describe() -> dict[str, Any]:
    """Hardware, versions and date."""
    versions = {"python": platform.python_version(), "jax": jax.__version__}
    try:
        import torch

        versions["torch"] = torch.__version__
    except ModuleNotFoundError:
        pass
    device = jax.devices()[0]
    name = _processor() if device.platform == "cpu" else device.device_kind
    return {"device": name, "cores": os.cpu_count(), "date": datetime.date.today().isoformat(), "versions": versions}


def matrix_rate(dtype: str) -> float:
    """Floating-point operations per second of a large matrix product, the practical maximum of the device."""
    side = 2048 if jax.default_backend() == "cpu" else 8192
    product = jax.jit(lambda a, b: jnp.matmul(a, b, preferred_element_type=a.dtype))
    a = jnp.ones((side, side), dtype)
    product(a, a).block_until_ready()
    times = []
    for _ in range(8):
        began = time.perf_counter()
        product(a, a).block_until_ready()
        times.append(time.perf_counter() - began)
    return 2 * side**3 / min(times)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    wide = "avx512f" in " ".join(lines)
    return f"{names[0] if names else platform.machine()}{' with AVX-512' if wide else ''}"

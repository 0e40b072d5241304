"""Run by run/test_split.py with two virtual CPU devices: the default pyramid on both and on one, and JSON of what differs."""

import json
import sys
from typing import Any

import numpy as np
from conftest import TINY_WIDTHS, tiny_weights

import stylejax
from stylejax.network.preprocessing import TORCHVISION
from stylejax.network.vgg import NetworkSpec

rng = np.random.default_rng(5)
content, style = (np.kron(rng.random((rows, 17, 3), np.float32), np.ones((8, 8, 1), np.float32)) for rows in (34, 20))
model = stylejax.VGG19(NetworkSpec("tiny", TORCHVISION, TINY_WIDTHS), tiny_weights.__wrapped__().arrays)
options: dict[str, Any] = {"size": 272, "smallest_size": 136, "iterations": "3,2", "model": model}
divided: list[int] = []


def observe(progress: stylejax.Progress) -> None:
    """Note how many devices have the picture."""
    divided.append(len(progress.states.variable.sharding.device_set))


whole = stylejax.stylize(content, style, **options)
both = stylejax.stylize(content, style, split="picture", observe=observe, **options)
differences = np.abs(whole.image - both.image)
totals = [[record["total"] for record in painting.trace] for painting in (whole, both)]
json.dump({"divided": divided, "differences": float(np.quantile(differences, 0.99)), "totals": totals}, sys.stdout)

"""Run by run/test_split.py as each of two processes: paints one picture with the devices of both, and saves it."""

import sys
from typing import Any

import jax
import numpy as np

process, address, place = int(sys.argv[1]), sys.argv[2], sys.argv[3]
jax.config.update("jax_cpu_collectives_implementation", "gloo")
jax.distributed.initialize(address, 2, process)

from conftest import TINY_WIDTHS, pictures, tiny_weights  # noqa: E402
from objectives import SHALLOW_GRAMS  # noqa: E402

import stylejax  # noqa: E402
from stylejax.network.preprocessing import TORCHVISION  # noqa: E402
from stylejax.network.vgg import NetworkSpec  # noqa: E402

content, style = pictures.__wrapped__()
model = stylejax.VGG19(NetworkSpec("tiny", TORCHVISION, TINY_WIDTHS), tiny_weights.__wrapped__().arrays)
options: dict[str, Any] = SHALLOW_GRAMS | {"size": 64, "smallest_size": 16, "iterations": 6, "octaves": 1, "model": model}
painting = stylejax.stylize(content[:45], style, split="picture", **options)
alone = stylejax.stylize(content[:45], style, **options) if process == 0 else painting
np.savez(place, divided=painting.image, alone=alone.image, devices=len(jax.devices()), local=len(jax.local_devices()))

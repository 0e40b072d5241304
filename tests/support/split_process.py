"""Run by run/test_split.py as each of two processes: paints a picture with the devices of both, stops, and resumes it."""

import sys
from contextlib import suppress
from functools import partial
from typing import Any
from unittest.mock import patch

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
from stylejax.run.split.mesh import whole_pictures  # noqa: E402

content, style = pictures.__wrapped__()
model = stylejax.VGG19(NetworkSpec("tiny", TORCHVISION, TINY_WIDTHS), tiny_weights.__wrapped__().arrays)
options: dict[str, Any] = SHALLOW_GRAMS | {"size": 32, "smallest_size": 8, "iterations": 6, "octaves": 1, "model": model}
watched: list[stylejax.Progress] = []
looks: list[np.ndarray] = []


def look(progress: stylejax.Progress) -> None:
    """Look at the picture once, in the first process alone."""
    watched.append(progress)
    if process == 0 and (progress.scale, progress.step) == (3, 3):
        looks.append(np.asarray(progress.pictures[0]))


with patch("stylejax.run.scales.whole_pictures", side_effect=whole_pictures) as gathered:
    painting = stylejax.stylize(content[:45], style, split="picture", every=3, observe=look, **options)
    late = np.asarray(watched[-2].pictures[0])  # nobody waits for this process any more
alone = stylejax.stylize(content[:45], style, **options) if process == 0 else painting


def stop(progress: stylejax.Progress, *, scale: int) -> None:
    """Press Ctrl-C at the second process."""
    if process == 1 and (progress.scale, progress.step) == (scale, 3):
        raise KeyboardInterrupt


for scale in (1, 3):  # one that is not divided, and one that is
    with suppress(stylejax.StylizeInterrupted):
        observe = partial(stop, scale=scale)
        checkpoint = stylejax.Checkpoint(f"{place}.state")
        stylejax.stylize(content[:45], style, split="picture", every=3, observe=observe, checkpoint=checkpoint, **options)
        raise AssertionError("the run was not stopped")
checkpoint = stylejax.Checkpoint(f"{place}.state")
resumed = stylejax.stylize(content[:45], style, split="picture", checkpoint=checkpoint, **options)
began = (checkpoint.resumed.scale, checkpoint.resumed.step) if checkpoint.resumed else ()
images = {"divided": painting.image, "alone": alone.image, "resumed": resumed.image}
images |= {"looked": looks[0] if looks else late, "late": late}
np.savez(place, **images, gathered=gathered.call_count, began=began, devices=len(jax.devices()), local=len(jax.local_devices()))

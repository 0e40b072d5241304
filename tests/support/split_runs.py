"""Run by run/test_split.py with four virtual CPU devices: whole runs of pictures that are divided, and JSON of what differs."""

import json
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import jax
import numpy as np
from conftest import TINY_WIDTHS, pictures, tiny_weights
from objectives import SHALLOW_GRAMS

import stylejax
from stylejax.errors import OutOfMemoryError
from stylejax.images.io.read import read_picture
from stylejax.images.io.write import write_picture
from stylejax.network.preprocessing import TORCHVISION
from stylejax.network.vgg import NetworkSpec
from stylejax.weights.weight_set import write_weights

SCALES = {"size": 64, "smallest_size": 16, "iterations": 6, "octaves": 1}
"""The first of three scales has too few rows to be divided."""


class StoppedError(Exception):
    """Ends a run in the middle."""


def main() -> None:
    """Paint on one device and on four, and print what differs."""
    content, style = pictures.__wrapped__()
    content = content[:45]
    model = stylejax.VGG19(NetworkSpec("tiny", TORCHVISION, TINY_WIDTHS), tiny_weights.__wrapped__().arrays)
    options: dict[str, Any] = SHALLOW_GRAMS | SCALES | {"model": model}
    reported: dict[str, Any] = {"devices": len(jax.local_devices()), "differences": {}, "divided": []}

    def away(ours, theirs) -> float:
        return max(float(np.abs(one.image - other.image).max()) for one, other in zip(ours, theirs, strict=True))

    def observe(progress: stylejax.Progress) -> None:
        reported["divided"].append(len(progress.states.variable.sharding.device_set))

    contents = [content, content[:, ::-1].copy()]
    whole = stylejax.stylize_batch(contents, style, devices=1, **options)
    divided = stylejax.stylize(content, style, split="picture", observe=observe, **options)
    reported["differences"]["four devices"] = away([divided], whole[:1])
    reported["differences"]["two for each picture"] = away(stylejax.stylize_batch(contents, style, split=2, **options), whole)

    def refused(bytes: int) -> str:
        try:
            with patch.dict(os.environ, STYLEJAX_MEMORY=str(bytes)):
                stylejax.stylize(content, style, split="picture", observe=observe, **options)
        except OutOfMemoryError as problem:
            return str(problem)
        return ""

    painted = len(reported["divided"])
    with patch("stylejax.run.memory.share.platform", return_value="gpu"):
        of_each = stylejax.stylize(content, style, split="picture", **options | {"iterations": 1}).memory
        reported["refused by a device"] = refused(of_each // 3)
    reported["refused"] = refused(divided.memory // 3)
    reported["memory"] = [divided.memory, of_each]
    assert len(reported["divided"]) == painted

    with tempfile.TemporaryDirectory() as folder:
        write_weights(Path(folder, "tiny.safetensors"), tiny_weights.__wrapped__())
        names = [f"{number}.png" for number in range(3)]
        for name, picture in zip(names, [style, *contents], strict=True):
            write_picture(Path(folder, name), picture)
        rows = [{"content": f"{folder}/{name}", "style": f"{folder}/{names[0]}", "output": name} for name in names[1:]]
        table, grid = options | {"model": f"{folder}/tiny.safetensors", "smallest_size": 64}, {"style_weight": [1, 30]}
        for output, where in {"divided": {"split": 2}, "whole": {"devices": 1}}.items():
            done = list(stylejax.stylize_table(rows, output=f"{folder}/{output}", **where, **table))
            assert not any(result.failure for result in done), done
        painted = [[read_picture(Path(folder, kind, name)).pixels for name in names[1:]] for kind in ("divided", "whole")]
        swept = [stylejax.sweep(content, style, grid=grid, **where, **table) for where in ({"split": 2}, {"devices": 1})]
    reported["differences"]["sweep"] = away(*swept)
    reported["table"] = max(float(np.abs(one - other).max()) for one, other in zip(*painted, strict=True))

    quasi = options | {"optimizer": "l-bfgs", "smallest_size": 64}
    alone = [stylejax.stylize(content, style, **quasi)]
    reported["differences"]["l-bfgs"] = away([stylejax.stylize(content, style, split=4, **quasi)], alone)

    with tempfile.TemporaryDirectory() as folder:
        for last in (2, 3):

            def stop(progress: stylejax.Progress, last: int = last) -> None:
                if progress.scale == last:
                    raise StoppedError

            with suppress(StoppedError):
                checkpoint = stylejax.Checkpoint(folder)
                stylejax.stylize(content, style, split=4, every=3, observe=stop, checkpoint=checkpoint, **options)
        resumed = stylejax.stylize(content, style, split="picture", checkpoint=stylejax.Checkpoint(folder), **options)
    reported["differences"]["resumed"] = away([resumed], [divided])
    json.dump(reported, sys.stdout)


main()

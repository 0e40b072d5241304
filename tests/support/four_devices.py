"""Run by test_devices.py with four virtual CPU devices: stylizes, inspects the compiled programs, and prints JSON."""

import json
import re
import sys
from unittest.mock import patch

import jax
import jax.numpy as jnp
import numpy as np
from conftest import TINY_WIDTHS, pictures, tiny_weights
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import stylejax
from stylejax.network.preprocessing import TORCHVISION
from stylejax.network.vgg import NetworkSpec
from stylejax.run.programs.effort import compile_with

COLLECTIVE = re.compile(r"(all-reduce|all-gather|all-to-all|collective-\w+|reduce-scatter|partition-id|\bsend|\brecv)[(.]")


def main() -> None:
    """Paint with one device and with all, and print what differs."""
    content, style = pictures.__wrapped__()
    model = stylejax.VGG19(NetworkSpec("tiny", TORCHVISION, TINY_WIDTHS), tiny_weights.__wrapped__().arrays)
    collectives, placed = set(), set()

    def watched(*arguments):
        compiled = compile_with(*arguments)
        collectives.update(COLLECTIVE.findall(compiled.as_text()))
        return compiled

    def observe(progress):
        pictures = progress.states.variable
        placed.add((progress.scale, len(pictures.sharding.device_set), pictures.sharding.shard_shape(pictures.shape)[0]))

    reported = {"devices": len(jax.local_devices()), "differences": [], "differing": []}
    options = {"octaves": 1, "iterations": 6, "model": model}
    cases = [
        {"size": 32, "smallest_size": 24, "optimizer": "adam"},
        {"size": 32, "smallest_size": 24, "optimizer": "l-bfgs", "normalize_gradients": True},
        {"size": 24, "smallest_size": 12},  # two scales
    ]
    for case in cases:
        contents = [np.roll(content, shift, 1) for shift in range(7)]
        styles = [style, *[style[::-1].copy()] * 6]
        # Evaluated together on one device, too: in turn, as on a CPU otherwise, sums are rounded in another order.
        with patch("stylejax.run.chunk_program.platform", return_value="gpu"):
            alone = stylejax.stylize_batch(contents, styles, devices=1, **options, **case)
        with patch("stylejax.run.programs.program.compile_with", watched):
            spread = stylejax.stylize_batch(contents, styles, observe=observe, **options, **case)
        difference = np.array([np.abs(a.image - b.image) for a, b in zip(alone, spread, strict=True)])
        reported["differences"].append(float(difference.max()))
        reported["differing"].append(float(np.mean(difference > 1e-5)))
    spread = NamedSharding(Mesh(np.array(jax.local_devices()), ("batch",)), PartitionSpec("batch"))
    summed = jax.jit(jnp.sum, in_shardings=spread).lower(jnp.zeros(8)).compile().as_text()
    reported["seen in a sum over devices"] = COLLECTIVE.findall(summed)
    json.dump({**reported, "collectives": sorted(collectives), "placed": sorted(placed)}, sys.stdout)


main()

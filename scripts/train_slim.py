"""Train vgg19-slim, the small feature network included in stylejax.

    nice -n 10 python scripts/train_slim.py FOLDER --checkpoints build/slim

Trains a VGG-19 with a quarter of the width from scratch to classify small pictures, on CPU cores or accelerators: first on
small crops of downscaled pictures, which are inexpensive, then on larger ones. At the end, batch norm is folded into the
convolutions, the layers are scaled to a mean activation of one, and the sixteen convolutions are written as float16.

FOLDER contains train-0.npz, train-1.npz, ... and heldout.npz. Each has `images` (uint8: concatenated picture files, WebP or any
other format that Pillow reads), `offsets` (int64, n + 1: picture i is images[offsets[i]:offsets[i + 1]]), `labels` (integers
from 0, n) and `classes` (a name for each label, the same in all files).

The same command resumes a training that was stopped or killed. On two CPU cores that do nothing else, 27 epochs of 97,000
pictures take about 45 minutes.
"""

import os
import sys

import jax
import tyro
from slim_training.settings import Settings


def main(arguments: list[str] | None = None) -> int:
    """Run the script; returns its exit code: 0 if complete, 2 for invalid input, 130 if stopped."""
    settings = tyro.cli(tyro.conf.configure(tyro.conf.PositionalRequiredArgs)(Settings), args=arguments, description=__doc__)
    if "JAX_NUM_CPU_DEVICES" not in os.environ:
        jax.config.update("jax_num_cpu_devices", settings.devices)
    from slim_training.training import Training, say  # after setting the devices

    from stylejax.errors import StylejaxError

    try:
        training = Training(settings)
        if settings.export_only or training.run():
            score = training.finish()
            say(f"held-out top-1 {score:.2%}: {settings.output}, {settings.output.stat().st_size / 1e6:.1f} MB")
            return 0
    except StylejaxError as error:
        print(f"train_slim: {error}", file=sys.stderr)
        return 2
    return 130


if __name__ == "__main__":
    sys.exit(main())

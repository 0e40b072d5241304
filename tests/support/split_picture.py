"""Run by test_split.py with eight virtual CPU devices: the objective on meshes of them against float64, as JSON."""

import dataclasses
import json
import re
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from conftest import TINY_WIDTHS, tiny_weights

from stylejax.losses.objective import LossWeights, objective
from stylejax.losses.split.geometry import RowSplit
from stylejax.losses.targets import Targets, make_targets, style_targets
from stylejax.network.padding import Padding
from stylejax.network.preprocessing import TORCHVISION
from stylejax.network.vgg import VGG19, NetworkSpec
from stylejax.optimize.chunk import Shared
from stylejax.optimize.config import StaticConfig
from stylejax.run.split.chunk import shown, split_value_and_gradient, stored
from stylejax.run.split.mesh import EVERYWHERE, mesh_of, put, put_states
from stylejax.run.split.targets import split_content_targets, split_guides, split_style_sums
from stylejax.settings.settings import Settings

LAYERS = {"content_layers": "relu1_2,relu2_1", "style_layers": "pixels=3,relu1_1=1,conv2_2=1"}
ZEROS = {"padding": "zero", "pooling": "average", "style_loss": "wasserstein", "variation": "absolute"}
REFLECTIONS = {"padding": "reflect", "style_loss": "gram+mean", "variation": "nine-point", "content_norm": "none"}
CASES: dict[str, dict[str, Any]] = {
    "4 devices, matrix square roots and zeros": {"devices": (1, 4), "shape": (43, 22), "octaves": 1, **ZEROS},
    "2 × 2 devices, regions and reflections": {"devices": (2, 2), "shape": (45, 18), "regions": True, **REFLECTIONS},
    "8 devices, the default": {"devices": (1, 8), "shape": (99, 19)},
}
COMMUNICATION = re.compile(r"= (\S.*?) (all-reduce|all-gather|all-to-all|collective-\w+|reduce-scatter)(?:-start)?\(")


def compared(devices: tuple[int, int], shape: tuple[int, int], padding="replicate", pooling="max", regions=False, **options):
    """The distance of value and gradient from the whole picture's, and what the devices send each other."""
    network = NetworkSpec("tiny", TORCHVISION, TINY_WIDTHS, padding=Padding.named(padding), pooling=pooling)
    weights = tiny_weights.__wrapped__().arrays
    settings = Settings(**LAYERS, **{"octaves": 2} | options)
    static, rng = StaticConfig.of(settings), np.random.default_rng(3)
    spec, (batch, each) = static.objective, devices
    images, content, style = (rng.random(size, np.float32) for size in ((batch, *shape, 3), (*shape, 3), (66, 21, 3)))
    left, upper = np.zeros((2, *shape), np.float32), np.zeros((2, 66, 21), np.float32)
    left[0, :, :9] = left[1, :, 9:] = upper[0, :30] = upper[1, 30:] = 1
    own = [list(layers.values()) for layers in (settings.content_layer_weights, settings.style_layer_weights)]
    own.append(1e-4 if settings.variation == "absolute" else 5.0)

    jax.config.update("jax_enable_x64", True)
    exact = VGG19(network, {name: array.astype(np.float64) for name, array in weights.items()})
    wide, numbers = [np.asarray(picture, np.float64) for picture in (content, style, images)], LossWeights(*map(np.array, own))

    @jax.jit
    def whole(exact, content, style, images):
        masks = {"content_masks": jnp.asarray(left), "style_masks": [jnp.asarray(upper)]} if regions else {}
        targets = make_targets(exact, content, style, spec, **masks)
        value = lambda image: objective(exact, image, targets, numbers, spec)  # noqa: E731
        return jax.vmap(jax.value_and_grad(value, has_aux=True))(images)

    (totals, terms), wanted = whole(exact, *wide)
    totals, terms, wanted = jax.tree.map(np.asarray, (totals, terms, wanted))
    jax.config.update("jax_enable_x64", False)

    split = RowSplit(mesh_of(jax.devices()[: batch * each], each=each), shape[0])
    model = put(VGG19(network, weights), split.mesh, EVERYWHERE)
    styled = dataclasses.replace(spec, content_layers=())
    sums = split_style_sums(model, style, upper if regions else None, spec=styled, mesh=split.mesh)
    guides = put(split_guides(left, network.padding, spec, split), split.mesh, EVERYWHERE) if regions else None
    targets = Targets(
        split_content_targets(model, [content], spec, split, shared=True),
        put(style_targets(sums, spec, regions=regions), split.mesh, EVERYWHERE),
        guides,
    )
    numbers = LossWeights(*(put(np.array([number] * batch, np.float32), split.mesh, EVERYWHERE) for number in own))

    @jax.jit
    def evaluate(model, images, targets, numbers):
        options = {"static": static, "shared": Shared(True, True, True), "split": split}
        trace, gradients = split_value_and_gradient(model, shown(images, split), targets, numbers, **options)
        return trace, stored(gradients, split)

    program = evaluate.lower(model, put_states(images, split), targets, numbers).compile()
    trace, gradients = program(model, put_states(images, split), targets, numbers)
    gradients = np.asarray(gradients)[:, : shape[0]]
    return {
        "total": np.max(np.abs(np.asarray(trace.total) / totals - 1)),
        "terms": np.max(np.abs(np.asarray(trace.terms) / np.asarray(terms) - 1)),
        "gradient": max(np.linalg.norm(ours - one) / np.linalg.norm(one) for ours, one in zip(gradients, wanted, strict=True)),
        "communication": COMMUNICATION.findall(program.as_text()),
    }


json.dump({name: compared(**case) for name, case in CASES.items()}, sys.stdout, default=float)

"""Evaluation and export of the network, during and after training."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from slim_training.export import fold, normalize, round_to_half, run_folded, write_network
from slim_training.network import Arrays, logits
from slim_training.pictures import Pictures
from slim_training.settings import Settings
from slim_training.step import State, prepare
from stylejax.errors import StylejaxError
from stylejax.version import VERSION

_NAME = "vgg19-slim"
_BATCH = 256
_BATCHES = 16
_FEW_BATCHES = 4
_TOLERANCE = 1e-3


def exported(state: State, training: Pictures, *, batches: int = _BATCHES) -> Arrays:
    """Fold batch norm and normalize the layers, with statistics of `batches` batches of whole training pictures.

    The running statistics of the training are those of crops, in which zero padding has a larger influence than in whole
    pictures.

    Raises:
        StylejaxError: normalization changed the output of the network, which indicates a broken network.
    """
    folded = fold(state.parameters, whole_picture_statistics(state.parameters, training, batches))
    pictures = prepare(jnp.asarray(training.images[:_BATCH]))
    before, means = run_folded(folded, pictures)
    normalized = normalize(folded, means)
    after, _ = run_folded(normalized, pictures)
    change = float(jnp.abs(after - before).max() / jnp.abs(before).max())
    if not change < _TOLERANCE:
        raise StylejaxError(f"normalizing the layers changed the scores by a relative {change:.1e}; nothing was written")
    return normalized


def whole_picture_statistics(parameters: Arrays, training: Pictures, batches: int) -> Arrays:
    """Means and variances of batch norm, averaged over the first `batches` batches of whole training pictures."""
    parts = [training.images[start : start + _BATCH] for start in range(0, batches * _BATCH, _BATCH)]
    each = [_statistics(parameters, jnp.asarray(part)) for part in parts if len(part)]
    return jax.tree.map(lambda *values: sum(values) / len(values), *each)


@jax.jit
def _statistics(parameters: Arrays, images: Array) -> Arrays:
    return logits(parameters, prepare(images))[1]


def write_latest(settings: Settings, state: State, training: Pictures, facts: dict[str, Any]) -> None:
    """Write the current network to `export-latest.safetensors` in the checkpoints folder."""
    about = _provenance(settings, training, facts)
    write_network(
        settings.checkpoints / "export-latest.safetensors", exported(state, training, batches=_FEW_BATCHES), _NAME, about
    )


def finish(settings: Settings, state: State, training: Pictures, heldout: Pictures, facts: dict[str, Any]) -> float:
    """Write `settings.output`; returns the held-out top-1 accuracy of its rounded arrays."""
    network = exported(state, training)
    score = folded_top1(round_to_half(network), heldout)
    about = _provenance(settings, training, facts | {"heldout_top1": score})
    write_network(settings.output, network, _NAME, about)
    return score


def heldout_top1(state: State, training: Pictures, heldout: Pictures) -> float:
    """Top-1 accuracy on `heldout`, with batch norm statistics of whole pictures as in the exported network."""
    statistics = whole_picture_statistics(state.parameters, training, _FEW_BATCHES)
    return folded_top1(fold(state.parameters, statistics), heldout)


def folded_top1(folded: Arrays, pictures: Pictures) -> float:
    """Top-1 accuracy of the folded network."""
    hits = 0
    for start in range(0, len(pictures.labels), _BATCH):
        scores, _ = run_folded(folded, prepare(jnp.asarray(pictures.images[start : start + _BATCH])))
        hits += int((np.asarray(scores).argmax(1) == pictures.labels[start : start + _BATCH]).sum())
    return hits / len(pictures.labels)


def _provenance(settings: Settings, training: Pictures, facts: dict[str, Any]) -> dict[str, str]:
    counts = f"{len(training.labels)} pictures in {len(training.classes)} classes"
    score = facts["heldout_top1"]
    return {
        "license": "Apache-2.0",
        "source": "trained from scratch by scripts/train_slim.py of stylejax",
        "trained_on": settings.trained_on or f"{settings.data.resolve().name}: {counts}",
        "heldout_top1": "unknown" if score is None else f"{score:.4f}",
        "epochs": f"{facts['step'] / (len(training.labels) // settings.batch):.1f}",
        "steps": str(facts["step"]),
        "seed": str(facts["seed"]),
        "created_by": f"stylejax {VERSION}",
    }

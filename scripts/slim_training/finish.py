"""Writing the trained network: the file that ships, and a look at the one that is still learning."""

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from slim_training.export import fold, normalize, round_to_half, run_folded, write_network
from slim_training.network import Arrays
from slim_training.pictures import Pictures
from slim_training.settings import Settings
from slim_training.step import State, prepare
from stylejax.errors import StylejaxError
from stylejax.version import VERSION

_NAME = "vgg19-slim"
_LOOKED_AT = 512
_BATCH = 250
_TOLERANCE = 1e-3


def exported(state: State, training: Pictures) -> Arrays:
    """The network with batch norm folded and layers normalized on the first training pictures.

    Raises:
        StylejaxError: normalizing has changed what the network computes, which only a broken network can cause.
    """
    folded = fold(state.parameters, state.statistics)
    pictures = prepare(jnp.asarray(training.images[:_LOOKED_AT]))
    before, means = run_folded(folded, pictures)
    normalized = normalize(folded, means)
    after, _ = run_folded(normalized, pictures)
    change = float(jnp.abs(after - before).max() / jnp.abs(before).max())
    if not change < _TOLERANCE:
        raise StylejaxError(f"normalizing the layers changed the scores by {change:.1e} of their size; nothing was written")
    return normalized


def write_latest(settings: Settings, state: State, training: Pictures, facts: dict[str, Any]) -> None:
    """Write what the network is like now to `export-latest.safetensors` in the folder of the checkpoints."""
    about = _provenance(settings, training, facts)
    write_network(settings.checkpoints / "export-latest.safetensors", exported(state, training), _NAME, about)


def finish(settings: Settings, state: State, training: Pictures, heldout: Pictures, facts: dict[str, Any]) -> float:
    """Write `settings.output`; returns the held-out top-1 of the rounded arrays that are in it."""
    network = exported(state, training)
    score = folded_top1(round_to_half(network), heldout)
    about = _provenance(settings, training, facts | {"heldout_top1": score})
    write_network(settings.output, network, _NAME, about)
    return score


def folded_top1(folded: Arrays, pictures: Pictures) -> float:
    """The share of pictures that the folded network gets right."""
    hits = 0
    for start in range(0, len(pictures.labels), _BATCH):
        scores, _ = run_folded(folded, prepare(jnp.asarray(pictures.images[start : start + _BATCH])))
        hits += int((np.asarray(scores).argmax(1) == pictures.labels[start : start + _BATCH]).sum())
    return hits / len(pictures.labels)


def _provenance(settings: Settings, training: Pictures, facts: dict[str, Any]) -> dict[str, str]:
    counts = f"{len(training.labels)} pictures in {len(training.classes)} classes"
    score = facts["heldout_top1"]
    about = {
        "license": "Apache-2.0",
        "source": "trained from scratch by scripts/train_slim.py of stylejax",
        "trained_on": settings.trained_on or f"{Path(settings.data).resolve().name}: {counts}",
        "heldout_top1": "unknown" if score is None else f"{score:.4f}",
        "epochs": f"{facts['step'] / (len(training.labels) // settings.batch):.1f}",
        "steps": str(facts["step"]),
        "seed": str(facts["seed"]),
        "created_by": f"stylejax {VERSION}",
    }
    return about

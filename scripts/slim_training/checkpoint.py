"""Checkpoints: the whole state of a training in one `.npz` file, written atomically and read without pickle."""

import json
import zipfile
from pathlib import Path
from typing import Any

import jax
import numpy as np

from stylejax.errors import StylejaxError
from stylejax.files.atomic import write_atomically


def save_checkpoint(path: Path, state: Any, facts: dict[str, Any]) -> None:
    """Write all arrays of the pytree `state` under their paths, and `facts` as JSON."""
    arrays: dict[str, Any] = {"facts": np.array(json.dumps(facts))}
    for place, leaf in jax.tree.leaves_with_path(state):
        arrays[jax.tree_util.keystr(place)] = np.asarray(leaf)
    with write_atomically(path) as file:
        np.savez(file, **arrays)


def load_checkpoint(path: Path, like: Any) -> tuple[Any, dict[str, Any]]:
    """Read a state with the structure and shapes of `like`, and the facts that were saved with it.

    Raises:
        StylejaxError: the file is damaged or belongs to another network.
    """
    try:
        with np.load(path, allow_pickle=False) as saved:
            arrays = dict(saved)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise StylejaxError(f"{path} cannot be read ({error}); delete it to start again") from None
    facts = json.loads(str(arrays.pop("facts", "{}")))
    leaves = []
    for place, leaf in jax.tree.leaves_with_path(like):
        name = jax.tree_util.keystr(place)
        found = arrays.get(name)
        if found is None or found.shape != leaf.shape:
            shape = None if found is None else found.shape
            raise StylejaxError(
                f"{path} belongs to another network ({name} is {shape} and not {leaf.shape}); choose other --checkpoints"
            )
        leaves.append(found.astype(leaf.dtype))
    return jax.tree.unflatten(jax.tree.structure(like), leaves), facts

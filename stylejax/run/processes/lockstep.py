"""What the processes that paint one picture decide together: all of them ask at the same point of the run."""

import json
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jaxtyping import PyTree


class Lockstep:
    """One process alone decides for itself."""

    def __init__(self, *, together: bool):
        """Decide `together` with all processes of JAX's runtime."""
        self.several = together and jax.process_count() > 1

    @property
    def first(self) -> bool:
        """Whether this process does what only one may, as writing files."""
        return not self.several or jax.process_index() == 0

    def most(self, *numbers: int) -> list[int]:
        """The largest that any process gives, of each number."""
        if not self.several:
            return list(numbers)
        return multihost_utils.process_allgather(np.array(numbers, np.int32)).max(0).tolist()

    def told(self, facts: Any) -> Any:
        """The facts, as JSON has them, that the first process gives."""
        if not self.several:
            return facts
        text = np.frombuffer(json.dumps(facts).encode(), np.uint8) if self.first else np.zeros(0, np.uint8)
        (size,) = self.most(len(text))
        return json.loads(of_the_first(np.pad(text, (0, size - len(text)))).tobytes())


def of_the_first(tree: PyTree) -> PyTree:
    """Arrays in host memory, bit by bit those of process 0; all have the same shapes."""
    if jax.process_count() == 1:
        return tree

    def bits(leaf: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(leaf).reshape(-1).view(np.uint8)

    def received(leaf: np.ndarray) -> np.ndarray:
        every = np.asarray(multihost_utils.broadcast_one_to_all(bits(leaf)), np.uint8)
        return every.view(leaf.dtype).reshape(leaf.shape)

    return jax.tree.map(lambda leaf: received(np.asarray(leaf)), tree)

"""The exchange of rows between devices, inside `jax.shard_map`."""

import math
from collections.abc import Sequence

import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Int

from stylejax.losses.split.geometry import ROWS
from stylejax.losses.tiles.geometry import Span
from stylejax.types import AnyImage


def windows_of(shard: AnyImage, windows: Sequence[Sequence[Span]]) -> list[AnyImage]:
    """The windows of this device, from the rows that it and its neighbors store.

    Args:
        shard: `[rows, width, 3]`, the rows of the picture that this device stores.
        windows: for each octave those of all devices, from `RowSplit.windows`.
    """
    rows, spans = len(shard), [(number, span) for octave in windows for number, span in enumerate(octave)]
    above = max(0, *(number * rows - span.start for number, span in spans))
    below = max(0, *(span.stop - (number + 1) * rows for number, span in spans))
    seen = _with_neighbors(shard, above, below, devices=len(windows[0]))
    starts = [[span.start - (number * rows - above) for number, span in enumerate(octave)] for octave in windows]
    return [lax.dynamic_slice_in_dim(seen, own(start), octave[0].size) for start, octave in zip(starts, windows, strict=True)]


def own(values: Sequence[int]) -> Int[Array, ""]:
    """The one of this device, from those of all devices of a picture."""
    return jnp.asarray(values, jnp.int32)[lax.axis_index(ROWS)]


def _with_neighbors(shard: AnyImage, above: int, below: int, *, devices: int) -> AnyImage:
    """`shard` with the rows that lie above and below it; beyond the picture, zeros that nothing reads."""
    rows, parts = len(shard), [shard]
    for hop in range(1, math.ceil(above / rows) + 1):
        sent = shard[rows - min(rows, above - (hop - 1) * rows) :]
        parts.insert(0, lax.ppermute(sent, ROWS, [(number, number + hop) for number in range(devices - hop)]))
    for hop in range(1, math.ceil(below / rows) + 1):
        sent = shard[: min(rows, below - (hop - 1) * rows)]
        parts.append(lax.ppermute(sent, ROWS, [(number + hop, number) for number in range(devices - hop)]))
    return jnp.concatenate(parts)

"""Gaussian noise, any rows of which can be computed alone: they are those of `jax.random.normal` for the whole picture."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.extend.random import threefry_2x32
from jaxtyping import Float, UInt32

from stylejax.images.bands import Computed

_SMALLEST = np.nextafter(np.float32(-1), np.float32(0))


def noise(seed: int, height: int, width: int) -> Computed:
    """Numbers with mean 0 and standard deviation 1, `[height, width, 3]`."""

    def values(rows: slice) -> np.ndarray:
        places = np.arange(3 * width * rows.start, 3 * width * rows.stop, dtype=np.uint64)
        counts = jnp.asarray(np.stack([places >> np.uint64(32), places]).astype(np.uint32))
        return np.asarray(_normal(jax.random.key_data(jax.random.key(seed)), counts)).reshape(-1, width, 3)

    return Computed((height, width, 3), values)


@jax.jit
def _normal(key: UInt32[Array, "2"], counts: UInt32[Array, "2 size"]) -> Float[Array, " size"]:
    """Threefry's bits for the place of each number, the upper and the lower half of 64 bits, as a normal distribution."""
    upper, lower = threefry_2x32(key, counts)
    unit = ((upper ^ lower) >> 9).astype(jnp.float32) * jnp.float32(2**-23)
    return jnp.float32(2**0.5) * lax.erf_inv(jnp.maximum(2 * unit + _SMALLEST, _SMALLEST))

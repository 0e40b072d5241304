"""Pooling over 2×2 windows with stride 2.

VGG drops an odd last row or column. Four poolings drop up to 15 pixels of the picture, which the deepest layers then do not see
but the shallow ones do: a thin line of wrong colors can appear along the right or the lower edge. Where convolutions pad with
pixels of the picture, pooling does, too.

The paper replaces max by average pooling. Averages are smaller than maxima, which lowers every deeper feature, so the
`-rescaled` kinds multiply by the factors that restore the size of the activations (average 2, L2 0.78: Crowson 2021).
"""

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float

from stylejax.errors import SettingsError
from stylejax.network.padding import PaddingMode, pad_to_even
from stylejax.types import AnyFeatures, Features

Windows = Float[Array, "_ 2 _ 2 _"]
"""`[rows, 2, columns, 2, channels]`."""

_SQRT_FLOOR = 1e-12  # keeps the derivative of the square root finite where a whole window is zero


def pool(features: Features, kind: str, *, edge: PaddingMode = "zero") -> AnyFeatures:
    """Halve rows and columns.

    Args:
        features: the input.
        kind: the function of the values of a window.
        edge: the padding of the convolutions. With `zero` rows and columns are rounded down, and an odd last one is dropped, as
            published; otherwise they are rounded up, and an odd last one is padded in this mode.

    Raises:
        SettingsError: `kind` is not a `PoolingName`.
    """
    features = features if edge == "zero" else pad_to_even(features, edge)
    name, _, rescaled = kind.partition("-")
    if name == "max" and not rescaled:
        return _max_pool(features)
    if name == "average" and rescaled in ("", "rescaled"):
        return _windows(features).mean((1, 3)) * (2.0 if rescaled else 1.0)
    if name == "l2" and rescaled in ("", "rescaled"):
        return jnp.sqrt((_windows(features) ** 2).sum((1, 3)) + _SQRT_FLOOR) * (0.78 if rescaled else 1.0)
    raise SettingsError(f"pooling {kind!r} is not one of max, average, average-rescaled, l2, l2-rescaled")


def _windows(features: Features) -> Windows:
    rows, columns, channels = features.shape
    even = features[: rows // 2 * 2, : columns // 2 * 2]
    return even.reshape(rows // 2, 2, columns // 2, 2, channels)


@jax.custom_vjp
def _max_pool(features: Features) -> AnyFeatures:
    return _windows(features).max((1, 3))


def _max_pool_forward(features: Features) -> tuple[AnyFeatures, tuple[Features, AnyFeatures]]:
    pooled = _max_pool(features)
    return pooled, (features, pooled)


def _max_pool_backward(saved: tuple[AnyFeatures, AnyFeatures], gradient: AnyFeatures) -> tuple[AnyFeatures]:
    # A tie goes to the first of the window in reading order, as in PyTorch: flat pictures tie everywhere, and a recipe is
    # reproduced to the digit only when the gradient takes the same way. Elementwise code is also faster than XLA's
    # select-and-scatter, which differentiating `reduce_window` would give.
    features, pooled = saved
    windows, largest = _windows(features), pooled[:, jnp.newaxis, :, jnp.newaxis]
    place = 2 * lax.broadcasted_iota(jnp.int32, windows.shape, 1) + lax.broadcasted_iota(jnp.int32, windows.shape, 3)
    taken = windows == largest
    for earlier in range(3):
        i, j = divmod(earlier, 2)
        taken &= (place <= earlier) | (windows[:, i : i + 1, :, j : j + 1] != largest)
    even = jnp.where(taken, gradient[:, jnp.newaxis, :, jnp.newaxis], 0)
    even = even.reshape(windows.shape[0] * 2, windows.shape[2] * 2, -1)
    dropped = [(0, features.shape[0] % 2), (0, features.shape[1] % 2), (0, 0)]
    return (jnp.pad(even, dropped),)


_max_pool.defvjp(_max_pool_forward, _max_pool_backward)

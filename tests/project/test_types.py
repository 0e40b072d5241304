"""The signatures of the library are checked while the tests run."""

import jax.numpy as jnp
import pytest

from stylejax.losses.content import content_loss, instance_normalized


def test_an_array_of_another_shape_than_the_signature_says_is_an_error():
    with pytest.raises(TypeError, match="features"):
        instance_normalized(jnp.zeros((4, 5)))
    with pytest.raises(TypeError, match="target"):
        content_loss(jnp.zeros((4, 5, 3)), jnp.zeros((4, 5, 2)), relative=True)


def test_an_implicit_broadcast_is_an_error():
    with pytest.raises(ValueError, match="rank_promotion"):
        jnp.zeros((4, 5, 3)) + jnp.zeros(3)

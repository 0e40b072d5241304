"""The stylejax side, computed with the functions that the command line uses."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from stylejax.losses.objective import objective
from stylejax.losses.octaves import look
from stylejax.losses.targets import make_targets
from stylejax.network.preprocessing import preprocessing_named
from stylejax.network.vgg import VGG19
from stylejax.optimize.chunk import Shared, run_chunk
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.step import start
from stylejax.optimize.traced_config import TracedConfig
from stylejax.run.inputs.job import Job, stacked_weights
from stylejax.settings.objective_spec import objective_spec
from stylejax.settings.settings import Settings
from stylejax.weights.load import build_model
from stylejax.weights.weight_set import WeightSet

Array = np.ndarray

_features = jax.jit(lambda model, image, layers: model(image, layers), static_argnames="layers")
_look = jax.jit(look, static_argnames="layers")
_make_targets = jax.jit(make_targets, static_argnames="spec")
_loss = jax.jit(jax.value_and_grad(objective, argnums=1, has_aux=True), static_argnames="spec")


def network(arrays: dict[str, Array], inputs: str, settings: Settings) -> VGG19:
    """A network with the given weights and the options of `settings`."""
    widths = tuple(len(arrays[f"conv{block}_1/bias"]) for block in (1, 2, 3, 4, 5))
    weights = WeightSet("seeded", widths, preprocessing_named(inputs), arrays)
    return build_model(weights, pooling=settings.pooling, padding=settings.padding, precision=settings.precision)


def features(model: VGG19, image: Array, layers: tuple[str, ...]) -> dict[str, Array]:
    """Features in PyTorch's order, `[channels, rows, columns]`."""
    return {name: np.moveaxis(np.asarray(value), -1, 0) for name, value in _features(model, image, layers).items()}


class Problem:
    """An objective with its targets, a function of one picture."""

    def __init__(self, model: VGG19, settings: Settings, content: Array, styles: list[Array], shares: list[float]):
        """Compute the targets."""
        self.model, self.settings = model, settings
        spec = objective_spec(settings)
        mixed = {"blend": jnp.asarray(shares)} | ({"strength": settings.strength} if settings.strength < 1 else {})
        self.targets = _make_targets(model, jnp.asarray(content), [jnp.asarray(style) for style in styles], spec=spec, **mixed)
        seen = jax.eval_shape(partial(_look, layers=spec.layers), model, content)
        shapes = {name: value.shape for name, value in seen.items()}
        self.weights = stacked_weights([Job(content, tuple(styles), settings)], shapes)

    def value_and_gradient(self, image: Array) -> tuple[dict[str, float], Array]:
        """All terms and their `total`, and the gradient of the total with respect to the picture."""
        weights = jax.tree.map(lambda batch: batch[0], self.weights)
        spec = objective_spec(self.settings)
        (total, terms), gradient = _loss(self.model, jnp.asarray(image), self.targets, weights, spec=spec)
        named = {"content": terms.content, "style": terms.style, "tv": terms.variation, "total": total}
        return {name: float(term) for name, term in named.items()}, np.asarray(gradient)

    def adam_iterates(self, image: Array, steps: int) -> list[Array]:
        """Pictures after each step of the compiled loop."""
        static = StaticConfig.of(self.settings, chunk=1)
        states = jax.vmap(partial(start, static=static))(jnp.asarray(image)[None])
        shared, rate = Shared(content=True, style=True), jnp.full((static.chunk, 1), self.settings.learning_rate)
        traced = TracedConfig.of([self.settings])
        iterates = []
        for _ in range(steps):
            states, _, _ = run_chunk(
                self.model, states, self.targets, self.weights, rate, traced, jnp.int32(1), static=static, shared=shared
            )
            iterates.append(np.array(static.space.to_image(states.variable[0])))
        return iterates

"""The compiled loop of `stylejax.optimize.chunk` on a mesh of devices: pictures of a batch, and rows of each picture.

Content and style terms run under `jax.shard_map`, where each device computes its rows (`losses.split`). Everything else is the
program for whole pictures with sharding annotations: the compiler exchanges rows for the variation term, and adds up what the
optimizer sums over a picture.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.sharding import NamedSharding, PartitionSpec
from jaxtyping import Float, PyTree

from stylejax.losses.guidance import Guides
from stylejax.losses.objective import LossWeights, Terms
from stylejax.losses.spec import ObjectiveSpec
from stylejax.losses.split.geometry import BATCH, ROWS, RowSplit
from stylejax.losses.split.objective import ShardTerms, shard_terms
from stylejax.losses.targets import Targets
from stylejax.losses.variation import variation_loss
from stylejax.network.vgg import VGG19
from stylejax.optimize.chunk import Shared
from stylejax.optimize.config import StaticConfig
from stylejax.optimize.step import Leaf, PictureState, Trace, advance_once, has_rows, picture
from stylejax.optimize.traced_config import TracedConfig
from stylejax.types import Count, Images, Scalar, Variable


@partial(jax.jit, static_argnames=("static", "shared", "split"), donate_argnames="states")
def run_split_chunk(
    model: VGG19,
    states: PictureState,
    targets: Targets,
    weights: LossWeights,
    learning_rates: Float[Array, "chunk batch"],
    traced: TracedConfig,
    steps: Count,
    *,
    static: StaticConfig,
    shared: Shared,
    split: RowSplit,
) -> tuple[PictureState, Trace, Images]:
    """Run `steps` steps of every picture; as `run_chunk`, except for these arguments and results.

    Args:
        model: on every device.
        states: `stored`.
        targets: of each device's windows, as for `split_terms`.
        weights: batched.
        learning_rates: of each step and picture.
        traced: batched.
        steps: how many.
        static: as for `run_chunk`, without `normalize_gradients`, of an optimizer that evaluates once a step.
        shared: which targets have no axis `batch`.
        split: where the rows are.

    Returns:
        The new states and the pictures, both `stored`, and the trace.
    """
    update = jax.vmap(partial(advance_once, static=static))

    def body(index: Count, carried: tuple[PictureState, Trace]) -> tuple[PictureState, Trace]:
        states, trace = carried
        row, gradients = split_value_and_gradient(
            model, states.variable, targets, weights, static=static, shared=shared, split=split
        )
        states = shown(update(states, row.total, gradients, learning_rates[index], traced), split)
        return states, jax.tree.map(lambda rows, new: rows.at[index].set(new), trace, row)

    empty = jnp.zeros_like(learning_rates)
    states, trace = lax.fori_loop(0, steps, body, (shown(states, split), Trace(empty, Terms(*[empty] * 3))))
    pictures = jax.vmap(partial(picture, static=static))(states, traced)
    return stored((states, trace, pictures), split)


def split_value_and_gradient(
    model: VGG19,
    variables: Images,
    targets: Targets,
    weights: LossWeights,
    *,
    static: StaticConfig,
    shared: Shared,
    split: RowSplit,
) -> tuple[Trace, Images]:
    """The objective of each picture and its gradient: those of `optimize.step`, by all devices.

    Args:
        model: the feature network.
        variables: `shown`, in the space of the run.
        targets: as for `split_terms`.
        weights: batched.
        static: `normalize_gradients` is not possible.
        shared: which targets have no axis `batch`.
        split: where the rows are.
    """
    spec = static.objective
    images, pull_back = jax.vjp(jax.vmap(static.space.to_image), variables)
    terms = split_terms(model, stored(images, split), targets, weights, spec=spec, shared=shared, split=split)

    def variation(image: Variable, weight: Scalar) -> Scalar:
        return weight * variation_loss(image, spec.variation)

    variations, own = jax.vmap(jax.value_and_grad(variation))(images, weights.variation)
    (gradients,) = pull_back(shown(terms.gradient, split) + own)
    total = terms.content + terms.style + variations
    return shown((Trace(total, Terms(terms.content, terms.style, variations)), gradients), split)


def split_terms(
    model: VGG19,
    images: Images,
    targets: Targets,
    weights: LossWeights,
    *,
    spec: ObjectiveSpec,
    shared: Shared,
    split: RowSplit,
) -> ShardTerms:
    """The content and style terms of each picture, and the gradient of their sum for its rows, which is `stored`.

    Args:
        model: the feature network.
        images: `stored`, in [0, 1].
        targets: the rows of `content` and of the guides' `octaves` are those of each device's windows, one after the other.
        weights: batched.
        spec: what is compared.
        shared: which targets have no axis `batch`.
        split: where the rows are.
    """
    one = jax.vmap(partial(shard_terms, spec=spec, split=split), in_axes=(None, 0, shared.axes, 0))
    rows, numbers = PartitionSpec(BATCH, ROWS), PartitionSpec(BATCH)
    return jax.shard_map(
        one,
        mesh=split.mesh,
        in_specs=(PartitionSpec(), rows, target_specs(shared, regions=targets.guides is not None), numbers),
        out_specs=ShardTerms(numbers, numbers, rows),  # pyright: ignore[reportArgumentType]
        check_vma=False,
    )(model, images, targets, weights)


def target_specs(shared: Shared, *, regions: bool) -> Targets:
    """The axes of the mesh over which the arrays of `Targets` are divided."""

    def axes(held_once: bool, *others: str | None) -> PartitionSpec:
        return PartitionSpec(*others) if held_once else PartitionSpec(BATCH, *others)

    guides = Guides(axes(shared.guides), axes(shared.guides, None, ROWS)) if regions else None  # pyright: ignore
    return Targets(axes(shared.content, ROWS), axes(shared.style), guides)  # pyright: ignore[reportArgumentType]


def stored(tree: PyTree, split: RowSplit) -> PyTree:
    """Batched arrays as they are between two calls of a program: pictures end with rows that nothing reads."""

    def pad(leaf: Array) -> Array:
        added = [(0, split.padded - split.height) if axis == leaf.ndim - 3 else (0, 0) for axis in range(leaf.ndim)]
        return jnp.pad(leaf, added) if has_rows(leaf) else leaf

    return _divided(jax.tree.map(pad, tree), split)


def shown(tree: PyTree, split: RowSplit) -> PyTree:
    """`stored` arrays with the rows of the picture alone."""
    return _divided(without_padding(tree, split.height), split)


def without_padding(tree: PyTree, height: int) -> PyTree:
    """Batched arrays, of which pictures have `height` rows."""
    return jax.tree.map(lambda leaf: leaf[..., :height, :, :] if has_rows(leaf) else leaf, tree)


def state_spec(leaf: Leaf) -> PartitionSpec:
    """The axes of the mesh over which an array of a batched state is divided; every device has all numbers."""
    return PartitionSpec(BATCH, *[None] * (leaf.ndim - 4), ROWS) if has_rows(leaf) else PartitionSpec()


def _divided(tree: PyTree, split: RowSplit) -> PyTree:
    return jax.tree.map(lambda leaf: lax.with_sharding_constraint(leaf, NamedSharding(split.mesh, state_spec(leaf))), tree)

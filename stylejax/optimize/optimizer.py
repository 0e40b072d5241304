"""The contract of an optimizer, after `optax.GradientTransformation`: a tuple of pure functions of one picture.

    state = optimizer.init(variable)
    each step:          state, variable = optimizer.update(state, variable, evaluation, learning_rate, traced, when=True)
    at any time:        optimizer.current(state, variable, traced)
    at the next scale:  state, variable = optimizer.resize(state, variable, traced, upsample=upsample, detail=None)

`variable` is where the objective is evaluated next. An optimizer that searches may evaluate worse pictures than it has found,
so `current` is what is kept. The caller evaluates the objective, once a step, for all pictures of a batch together under
`jax.vmap`; no function branches on values.

A factory (`adam`, `lbfgs`, `from_optax`) makes an `Optimizer` of what is static and returns the same object for the same
arguments: an `Optimizer` is a static argument of the compiled program and compares by identity of its functions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from jaxtyping import PyTree

from stylejax.optimize.traced_config import TracedConfig
from stylejax.optimize.upsampling import Upsample
from stylejax.types import AnyImage, AnyVariable, Flag, Scalar, Variable

State = PyTree
"""What an optimizer remembers of one picture: a pytree of arrays of its own, whose shapes and types never change."""

Sums = PyTree
"""Sums over positions: those of bands of rows add up to those of the picture."""


class Evaluation(NamedTuple):
    """The objective at one variable."""

    value: Scalar
    gradient: Variable
    function: Callable[[Variable], Scalar]
    """The objective itself, for an optimizer that evaluates it more often than once a step."""
    sums: Sums = ()
    """What `Optimizer.measure` finds in the whole picture, of which variable and gradient may be a band."""


@runtime_checkable
class Update(Protocol):
    """One step."""

    def __call__(
        self,
        state: State,
        variable: Variable,
        evaluation: Evaluation,
        learning_rate: Scalar,
        traced: TracedConfig,
        *,
        when: Flag,
    ) -> tuple[State, Variable]:
        """Take the evaluation at `variable`, and return where to evaluate next; without `when` nothing changes."""
        ...


@runtime_checkable
class Resize(Protocol):
    """The way to the next, larger scale."""

    def __call__(
        self, state: State, variable: Variable, traced: TracedConfig, *, upsample: Upsample, detail: AnyImage | None
    ) -> tuple[State, AnyVariable]:
        """Return state and variable, enlarged by `upsample`; `detail`, of the new shape in sRGB, is added to the picture."""
        ...


@dataclass(frozen=True)
class Optimizer:
    """How each step moves the picture, as pure functions of one picture."""

    init: Callable[[Variable], State]
    """State before the first evaluation, which is at this variable."""
    update: Update
    current: Callable[[State, Variable, TracedConfig], Variable]
    """The picture as it would be kept now."""
    resize: Resize
    loss: Callable[[State, Scalar], Scalar]
    """The loss whose convergence ends a scale, from the new state and the value of the last evaluation."""
    recovers: Callable[[State], Flag]
    """Whether an evaluation that is not finite can be retreated from."""
    measure: Callable[[State, Variable], Sums] | None = None
    """The sums that an update needs, from the state and the gradient: given those of the whole picture, a band of rows is
    updated without the others. None where an update needs all of the picture at once."""
    history: int = 0
    """Steps that the state remembers; each takes twice the memory of the picture, filled with zeros where a scale begins."""
    name: str = ""
    """Identifies these functions in any process, with all that is static in them; empty for functions of a user."""

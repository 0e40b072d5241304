"""How much work the compiler puts into a program on a CPU, where that is most of the time to a first picture.

    least    no optimization: for a program that runs once, most of it in library calls for products and convolutions
    quick    about half of the time of `best` to compile, and a sixth more for each step (docs/performance.md)
    best     as JAX does it

Other devices always compile at their best.
"""

from typing import Any, Literal

import jax

from stylejax.network import backend

Effort = Literal["least", "quick", "best"]

QUICK_STEPS = 150
"""Steps at one scale, of all pictures of a batch, up to which `quick` costs less than it saves. This is the one place where a
number of steps decides which program is compiled."""

_OPTIONS: dict[Effort, dict[str, Any]] = {
    "least": {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False},
    "quick": {"xla_backend_optimization_level": 1, "xla_cpu_use_fusion_emitters": False},
}


def compile_with(effort: Effort, lowered: Any) -> Any:
    """Compile what `jax.jit(...).lower` returns."""
    if effort == "best" or backend.platform() != "cpu":
        return lowered.compile()
    try:
        return lowered.compile(compiler_options=_OPTIONS[effort])
    except jax.errors.JaxRuntimeError as problem:
        if "No such compile option" not in str(problem):
            raise
        return lowered.compile()  # a later compiler, which has other options

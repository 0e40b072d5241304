"""Learning-rate schedules: optax's, over the steps of one scale, as a factor of the learning rate."""

from functools import partial
from typing import get_args

import numpy as np
import optax

from stylejax.choices import ScheduleName


def schedule_factors(name: ScheduleName, steps: int) -> np.ndarray:
    """Factors `[steps]` of the learning rate, at most 1.

    constant          1 throughout
    linear, cosine    from 1 down to 0
    exponential       from 1 down to 1/100
    warmup-cosine     a tenth of the steps up to 1, then down to 0 along a cosine
    *-onecycle        optax's one-cycle schedules
    """
    ramp = max(steps // 10, 1)
    schedules = {
        "constant": partial(optax.constant_schedule, 1.0),
        "linear": partial(optax.linear_schedule, 1.0, 0.0, steps),
        "cosine": partial(optax.cosine_decay_schedule, 1.0, steps),
        "exponential": partial(optax.exponential_decay, 1.0, steps, 0.01),
        "warmup-cosine": partial(optax.warmup_cosine_decay_schedule, 0.1, 1.0, ramp, max(steps, ramp + 1)),
        "cosine-onecycle": partial(optax.cosine_onecycle_schedule, steps, 1.0),
        "linear-onecycle": partial(optax.linear_onecycle_schedule, steps, 1.0),
    }
    assert set(schedules) == set(get_args(ScheduleName))
    return np.asarray(schedules[name]()(np.arange(steps)), np.float32) * np.ones(steps, np.float32)

"""The optimizer of settings."""

from collections.abc import Callable

from stylejax.choices import OptimizerName
from stylejax.optimize.adam import adam
from stylejax.optimize.from_optax import from_optax
from stylejax.optimize.lbfgs import lbfgs
from stylejax.optimize.optimizer import Optimizer
from stylejax.settings.pixel_space import SPACES
from stylejax.settings.settings import Settings


def optimizer_for(settings: Settings) -> Optimizer:
    """The optimizer of `settings`; the same settings give the same object.

    Raises:
        SettingsError: a transformation of optax cannot be used.
    """
    if isinstance(settings.optimizer, str):
        return _NAMED[settings.optimizer](settings)
    return from_optax(
        settings.optimizer,
        space=SPACES[settings.space],
        clamp=settings.clamp,
        carry=settings.carry,
        resampling=settings.resampling,
    )


def _adam(settings: Settings) -> Optimizer:
    return adam(
        space=SPACES[settings.space],
        clamp=settings.clamp,
        restart=settings.restart,
        carry=settings.carry,
        resampling=settings.resampling,
    )


def _lbfgs(settings: Settings) -> Optimizer:
    return lbfgs(space=SPACES[settings.space], history=settings.history, resampling=settings.resampling)


_NAMED: dict[OptimizerName, Callable[[Settings], Optimizer]] = {"adam": _adam, "l-bfgs": _lbfgs}

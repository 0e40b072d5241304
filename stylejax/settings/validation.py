"""Conditions under which a setting is used. A setting that was changed and that no condition lets take effect is refused."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from stylejax.choices import RANDOM_STARTS
from stylejax.errors import SettingsError
from stylejax.settings.fields import Use, fields_of
from stylejax.settings.transformation import describe

if TYPE_CHECKING:
    from stylejax.settings.settings import Settings


def when(other: str, *values: str) -> Use:
    """Used where the setting `other` has one of `values`."""
    return Use(other, lambda settings: getattr(settings, other) in values, f"with {other} {' or '.join(values)}")


def unless(other: str, *values: str) -> Use:
    """Used where the setting `other` has none of `values`."""
    return Use(other, lambda settings: getattr(settings, other) not in values, f"with another {other}")


WITH_ADAM = when("optimizer", "adam")
WITH_LBFGS = when("optimizer", "l-bfgs")
WITH_DESCENT = Use("optimizer", lambda settings: settings.optimizer != "l-bfgs", "with optimizer adam")
"""With Adam, or an optimizer of optax."""
WITH_NAMED_OPTIMIZER = Use(
    "optimizer", lambda settings: isinstance(settings.optimizer, str), "with an optimizer that has no learning rate of its own"
)
WITH_SIZED_STYLES = when("style_fit", "shrink", "resize")
WITH_VISIBLE_START = unless("init", *RANDOM_STARTS)
WITH_CONTENT_LAYERS = Use(
    "content_layers", lambda settings: any(settings.content_layer_weights.values()), "with a layer that has a weight"
)
WITH_STYLE_LAYERS = Use(
    "style_layers", lambda settings: any(settings.style_layer_weights.values()), "with a layer that has a weight"
)
WITH_SEVERAL_SCALES = Use(
    "smallest_size",
    lambda settings: settings.may_have_several_scales,
    "at several scales",
    state=lambda settings: f"{settings.coarsest} at size {settings.size}",
)


def check_used(settings: "Settings", changed: Iterable[str]) -> None:
    """Raise SettingsError when one of the `changed` settings is idle in a run with `settings`."""
    fields = fields_of(type(settings))
    for name in changed:
        info, value = fields[name].info, getattr(settings, name)
        unmet = next((use for use in info.uses if not use.met(settings)), None)
        if unmet and value not in info.harmless:
            state = (unmet.state(settings) if unmet.state else describe(getattr(settings, unmet.other))) or "empty"
            raise SettingsError(
                f"{name} is {value}, but {unmet.other} is {state} and {name} is used {unmet.wanted} only; "
                f"leave it out or change {unmet.other}"
            )

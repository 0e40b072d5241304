"""The settings as they are written into the record of a picture."""

from typing import Any

from stylejax.settings.fields import fields_of
from stylejax.settings.settings import Settings
from stylejax.settings.transformation import describe


def recorded_settings(settings: Settings) -> dict[str, Any]:
    """The settings by name, as plain values.

    An optimizer of optax is described in words, and the settings that it does not use are left out.
    """
    options = settings.as_options()
    if isinstance(settings.optimizer, str):
        return options
    uses = {name: each.info.uses for name, each in fields_of(Settings).items()}
    idle = {name for name in uses if any(use.other == "optimizer" and not use.met(settings) for use in uses[name])}
    kept = {name: value for name, value in options.items() if name not in idle}
    return kept | {"optimizer": describe(settings.optimizer)}

"""Settings that someone changed and that another setting makes idle: told, not silently ignored."""

from collections.abc import Iterable

from stylejax.errors import SettingsError
from stylejax.optimize.settings import Settings

_USED_WITH = {
    "color_match": ("keep_color", ("match",)),
    "noise": ("init", ("noise",)),
    "history": ("optimizer", ("l-bfgs",)),
    **dict.fromkeys(("beta1", "beta2", "averaging", "schedule", "clamp"), ("optimizer", ("adam",))),
    **dict.fromkeys(("style_scale", "style_size"), ("style_fit", ("shrink", "resize"))),
}
"""For some settings, which other one decides whether they are used, and its values that do."""


def check_used(settings: Settings, changed: Iterable[str]) -> None:
    """Raise SettingsError when one of the `changed` settings is not used by a run with `settings`."""
    for name in changed:
        if name not in _USED_WITH or (name == "clamp" and not settings.clamp):  # L-BFGS does not clamp: as was asked for
            continue
        other, wanted = _USED_WITH[name]
        if getattr(settings, other) not in wanted:
            raise SettingsError(
                f"{name} is {getattr(settings, name)}, but {other} is {getattr(settings, other)} and {name} is used with "
                f"{other} {' or '.join(wanted)} only; leave it out or change {other}"
            )

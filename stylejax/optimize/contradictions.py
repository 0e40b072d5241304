"""Settings that someone changed and that another setting makes idle: told, not silently ignored."""

from collections.abc import Iterable

from stylejax.errors import SettingsError
from stylejax.optimize.settings import RANDOM_STARTS, Settings

_USED_WITH = {
    "color_match": ("keep_color", ("match",)),
    "noise": ("init", ("noise",)),
    "history": ("optimizer", ("l-bfgs",)),
    **dict.fromkeys(("beta1", "beta2", "averaging", "schedule", "clamp", "restart", "carry"), ("optimizer", ("adam",))),
    **dict.fromkeys(("style_scale", "style_size"), ("style_fit", ("shrink", "resize"))),
}
"""For some settings, which other one decides whether they are used, and its values that do."""

_IDLE_WITH = {
    "detail": ("init", RANDOM_STARTS),
    "octaves": ("style_layers", ("",)),
    "content_norm": ("content_layers", ("",)),
    **dict.fromkeys(("strength", "style_blend"), ("style_layers", ("",))),
}
"""The other way round: its values that do not."""


def check_used(settings: Settings, changed: Iterable[str]) -> None:
    """Raise SettingsError when one of the `changed` settings is not used by a run with `settings`."""
    for name in changed:
        if (name, getattr(settings, name)) in (("clamp", False), ("restart", True)):  # what L-BFGS does in any case
            continue
        if name in _USED_WITH:
            other, wanted = _USED_WITH[name]
            if getattr(settings, other) not in wanted:
                raise _idle(settings, name, other, f"with {other} {' or '.join(wanted)} only")
        if name in _IDLE_WITH:
            other, unwanted = _IDLE_WITH[name]
            if getattr(settings, other) in unwanted:
                raise _idle(settings, name, other, f"with another {other} only")


def _idle(settings: Settings, name: str, other: str, used: str) -> SettingsError:
    return SettingsError(
        f"{name} is {getattr(settings, name)}, but {other} is {getattr(settings, other) or 'empty'} and {name} is used {used}; "
        f"leave it out or change {other}"
    )

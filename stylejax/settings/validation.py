"""Settings that someone changed and that another setting makes idle: refused, not silently ignored."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from stylejax.errors import SettingsError
from stylejax.settings.settings import RANDOM_STARTS, Settings


class _Rule(NamedTuple):
    """When some settings are used."""

    settings: tuple[str, ...]
    other: str
    """The setting that decides it; with the value `{value}` they are idle."""
    used: Callable[[Settings], bool]
    wanted: str
    """What makes use of them."""


def _with(other: str, *values: str) -> tuple[str, Callable[[Settings], bool], str]:
    return other, lambda settings: getattr(settings, other) in values, f"with {other} {' or '.join(values)}"


def _without(other: str, *values: str) -> tuple[str, Callable[[Settings], bool], str]:
    return other, lambda settings: getattr(settings, other) not in values, f"with another {other}"


def _several_scales(settings: Settings) -> bool:
    return settings.size == "native" or round(settings.size / settings.scale_factor) >= settings.coarsest


_RULES = (
    _Rule(("color_match",), *_with("keep_color", "match")),
    _Rule(("noise",), *_with("init", "noise")),
    _Rule(("seed",), *_with("init", "noise", "style-stats")),
    _Rule(("history",), *_with("optimizer", "l-bfgs")),
    _Rule(("beta1", "beta2", "averaging", "schedule", "clamp", "restart", "carry"), *_with("optimizer", "adam")),
    _Rule(("style_scale", "style_size"), *_with("style_fit", "shrink", "resize")),
    _Rule(("detail",), *_without("init", *RANDOM_STARTS)),
    _Rule(
        ("content_norm", "content_weight"),
        "content_layers",
        lambda settings: any(settings.content_layer_weights.values()),
        "with a layer that has a weight",
    ),
    _Rule(
        ("octaves", "strength", "style_blend", "style_weight", "style_loss", "style_fit", "style_scale", "style_size"),
        "style_layers",
        lambda settings: any(settings.style_layer_weights.values()),
        "with a layer that has a weight",
    ),
    _Rule(
        ("iterations",),
        "first_iterations",
        lambda settings: not settings.first_iterations or _several_scales(settings),
        "at several scales, or where that is 0,",
    ),
    _Rule(
        ("scale_factor", "first_iterations", "detail", "restart", "carry"),
        "smallest_size",
        _several_scales,
        "at several scales",
    ),
)

_WITHOUT_EFFECT = (("clamp", False), ("restart", True), ("carry", "last"), ("detail", 0), ("first_iterations", 0))
"""These say what is done in any case."""


def check_used(settings: Settings, changed: Iterable[str]) -> None:
    """Raise SettingsError when one of the `changed` settings is not used by a run with `settings`."""
    for name in changed:
        value = getattr(settings, name)
        for rule in _RULES:
            if name in rule.settings and not rule.used(settings) and (name, value) not in _WITHOUT_EFFECT:
                decides = getattr(settings, rule.other)
                decides = (
                    f"{settings.coarsest} at size {settings.size}" if rule.other == "smallest_size" else decides or "empty"
                )
                raise SettingsError(
                    f"{name} is {value}, but {rule.other} is {decides} and {name} is used {rule.wanted} only; "
                    f"leave it out or change {rule.other}"
                )

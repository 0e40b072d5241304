"""Sets of settings that follow from the metadata of their fields."""

from collections.abc import Hashable, Iterable

from stylejax.settings.fields import Decided, fields_of
from stylejax.settings.settings import Settings

SETTINGS = fields_of(Settings)
"""Every setting by name, in order."""

TRACED = frozenset(name for name, each in SETTINGS.items() if each.info.traced)
"""Settings that may differ between the pictures of one batch (of the layers, only the weights)."""

STATIC = tuple(name for name in SETTINGS if name not in TRACED)
"""Settings that the pictures of one batch share, because they decide the compiled program."""

PLACES = tuple(name for name, each in SETTINGS.items() if each.info.place)
"""Settings whose value may be the path or URL of a file."""


def _deciding(*decided: Decided) -> tuple[str, ...]:
    return tuple(name for name, each in SETTINGS.items() if {*each.info.decides} & {*decided})


OF_CONTENT = _deciding("content")
"""Settings on which the content targets of a batch depend, besides the static ones."""

OF_STYLE_PICTURES = _deciding("style picture")
"""Settings on which the pixels of a style picture depend, besides the shape of the result."""

OF_STYLES = _deciding("style", "style picture")
"""Settings on which the style targets of a batch depend, besides the static ones."""


def values_of(settings: Settings, names: Iterable[str]) -> tuple[Hashable, ...]:
    """The values of the named settings."""
    return tuple(getattr(settings, name) for name in names)

"""Shares of several styles that are mixed in one picture."""

import math

from stylejax.errors import SettingsError


def parse_blend(text: str) -> tuple[float, ...]:
    """Read `0.7,0.3`: a share for each style, scaled to a sum of one; empty for equal shares.

    Raises:
        SettingsError: an entry is not a finite number of at least 0, or all are 0.
    """
    entries = [entry.strip() for entry in text.split(",")] if text.strip() else []
    shares = [_number(entry) for entry in entries]
    if not all(0 <= share <= 1e12 for share in shares):
        raise SettingsError(f"style_blend is {text!r}; its shares must be numbers from 0 to 1e12, such as 0.7,0.3")
    if shares and not sum(shares):
        raise SettingsError(f"style_blend is {text!r}; at least one share must be above 0")
    return tuple(share / sum(shares) for share in shares)


def shares_of(text: str, styles: int) -> tuple[float, ...]:
    """The share of each of a number of styles, with a sum of one; equal shares if the text is empty."""
    return parse_blend(text) or (1 / styles,) * styles


def check_blend(text: str, *, styles: int, regions: bool) -> None:
    """Raise SettingsError when there is not one share for each style, or when each region has a style of its own."""
    shares = parse_blend(text)
    if shares and regions:
        raise SettingsError(f"got style_blend {text!r} and masks; with masks each region has one style, so leave the blend out")
    if shares and styles == 1 and len(shares) == 1:
        raise SettingsError(f"style_blend is {text!r}, but there is one style; leave it out or give several styles")
    if shares and len(shares) != styles:
        raise SettingsError(f"style_blend {text!r} has {len(shares)} shares for {styles} styles; give one for each style")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan

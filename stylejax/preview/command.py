"""The command line that repeats a run, ready to be pasted into a shell."""

import dataclasses
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stylejax.optimize.recipes import recipe_named
from stylejax.optimize.settings import Settings


def repeat_command(
    content: str | Path,
    styles: Sequence[str | Path],
    output: str | Path,
    settings: Settings,
    *,
    content_masks: Sequence[str | Path] = (),
    style_masks: Sequence[str | Path] = (),
    bits: int = 8,
) -> str:
    """`stylejax stylize ...` for these files and settings, quoted for a POSIX shell.

    Only settings that differ from their recipe's are named.

    Example:
        >>> repeat_command("my town.jpg", ["wave.jpg"], "out.png", Settings(size=768))
        "stylejax stylize 'my town.jpg' wave.jpg -o out.png --size 768"
    """
    words = ["stylejax", "stylize", *(_path(each) for each in (content, *styles)), "-o", _path(output)]
    for flag, masks in (("--content-mask", content_masks), ("--style-mask", style_masks)):
        words += [word for mask in masks for word in (flag, _path(mask))]
    if settings.recipe != "stylejax":
        words += ["--recipe", settings.recipe]
    for name, value in changed_settings(settings).items():
        words += _flag(name, value)
    if bits != 8:
        words += ["--bits", str(bits)]
    return shlex.join(words)


def changed_settings(settings: Settings) -> dict[str, Any]:
    """Those settings whose value is not the one of their recipe, by name."""
    recipe = recipe_named(settings.recipe)
    values = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
    return {name: value for name, value in values.items() if value != getattr(recipe, name)}


def _path(path: str | Path) -> str:
    """The path, made to look like none of the flags."""
    text = str(path)
    return f"./{text}" if text.startswith("-") else text


def _flag(name: str, value: Any) -> list[str]:
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    text = str(value)
    return [f"--{flag}={text}"] if text.startswith("-") else [f"--{flag}", text]

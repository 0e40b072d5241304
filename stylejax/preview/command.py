"""The command line that repeats a run, to be pasted into a shell."""

import dataclasses
import shlex
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from stylejax.settings.recipes import changes_of
from stylejax.settings.settings import Settings
from stylejax.video.options import VideoOptions

UNREPEATED = ("watching", "report", "quiet", "json", "dry_run", "retry_failed", "compile_cache")
"""Options of a run that do not affect its pictures."""


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

    Only settings that differ from those of their recipe are included.

    Example:
        >>> repeat_command("my town.jpg", ["wave.jpg"], "out.png", Settings(size=768))
        "stylejax stylize 'my town.jpg' wave.jpg -o out.png --size 768"
    """
    words = ["stylejax", "stylize", *(_path(each) for each in (content, *styles)), "-o", _path(output)]
    for flag, masks in (("--content-mask", content_masks), ("--style-mask", style_masks)):
        words += [word for mask in masks for word in (flag, _path(mask))]
    words += _settings_flags(settings)
    if bits != 8:
        words += ["--bits", str(bits)]
    return shlex.join(words)


def repeat_video(
    clip: str | Path, styles: Sequence[str | Path], output: str | Path, settings: Settings, options: VideoOptions
) -> str:
    """`stylejax video ...` for these files, settings and options."""
    words = ["stylejax", "video", *map(_path, (clip, *styles)), "-o", _path(output)]
    return shlex.join([*words, *_settings_flags(settings), *_option_flags(options, ())])


def repeat_many(command: str, places: Sequence[str | Path], options: Any, *, without: Collection[str]) -> str:
    """`stylejax sweep ...` or `stylejax batch ...` with positional arguments, and a flag for each option without its default.

    Args:
        command: its name.
        places: the positional arguments.
        options: the command's dataclass.
        without: names of fields to omit.
    """
    return shlex.join(["stylejax", command, *map(_path, places), *_option_flags(options, without)])


def _option_flags(options: Any, without: Collection[str]) -> list[str]:
    words = []
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        if field.name in without or value == field.default:
            continue
        if isinstance(value, Settings):
            words += _settings_flags(value)
        elif dataclasses.is_dataclass(value):
            words += _option_flags(value, without)
        elif isinstance(value, tuple):
            words += [f"--{_name(field)}", *(_path(str(each)) for each in value)]
        else:
            words += _flag(_name(field), value)
    return words


def _name(field: dataclasses.Field) -> str:
    """The flag of a field without its dashes: `from` for `Annotated[float, tyro.conf.arg(name="from")]`."""
    names = (getattr(each, "name", None) for each in getattr(field.type, "__metadata__", ()))
    return next(filter(None, names), field.name).replace("_", "-")


def _settings_flags(settings: Settings) -> list[str]:
    words = [] if settings.recipe == "stylejax" else ["--recipe", settings.recipe]
    return words + [word for name, value in changes_of(settings).items() for word in _flag(name, value)]


def _path(path: str | Path) -> str:
    """The path, written so that it is not taken for a flag."""
    text = str(path)
    return f"./{text}" if text.startswith("-") and text != "-" else text


def _flag(name: str, value: Any) -> list[str]:
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    text = str(value)
    return [f"--{flag}={text}"] if text.startswith("-") else [f"--{flag}", text]

"""The report of one run: a self-contained HTML file with pictures, loss curves, settings and the command."""

import os
import platform
import shlex
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jax

from stylejax.choices import LOSSES
from stylejax.errors import StylejaxError
from stylejax.extras import require_extra
from stylejax.files.atomic import check_writable, save_file
from stylejax.files.user_paths import user_path
from stylejax.images.picture import Picture
from stylejax.images.resize import fit_long_side
from stylejax.images.transparency import resize_picture
from stylejax.preview.curves import curves_svg
from stylejax.preview.embed import data_uri
from stylejax.preview.template import render_page
from stylejax.run.inputs.reader import ImageSource, given_source, named_picture
from stylejax.run.result import StylizedImage
from stylejax.settings.pyramid import pixel_limit
from stylejax.settings.recipes import changes_of, recipe_named
from stylejax.settings.record import recorded_settings

LARGE, SMALL = 1600, 640
"""Long sides, in pixels, of the two pictures that are compared and of the input pictures."""


def check_report(path: str | Path) -> None:
    """Check, before any work, that a report can be written to `path`.

    Raises:
        MissingExtraError: Jinja2 is not installed.
        StylejaxError: the path has another suffix or cannot be written.
    """
    require_extra("live", "a report")
    if Path(path).suffix.lower() not in (".html", ".htm"):
        raise StylejaxError(f"the report {path} must be a file named .html; name it so")
    check_writable(Path(path))


def write_report(
    path: str | Path,
    painting: StylizedImage,
    content: ImageSource,
    styles: Sequence[ImageSource],
    *,
    command: str = "",
    seconds: float | None = None,
) -> Path:
    """Write a page about `painting`: pictures, loss curves, settings, command, versions.

    Args:
        path: the `.html` file to write; it embeds everything and loads nothing.
        painting: from `stylize`.
        content: the content picture, as given to `stylize`.
        styles: the style pictures.
        command: the command line that repeats the run; see `stylejax.preview.command`.
        seconds: duration of the run.

    Raises:
        MissingExtraError: Jinja2 is not installed.
        StylejaxError: the path has another suffix or cannot be written.
        ImageError: a picture cannot be read.

    Example:
        >>> painting = stylejax.stylize("town.jpg", "wave.jpg")  # doctest: +SKIP
        >>> stylejax.write_report("painted.html", painting, "town.jpg", ["wave.jpg"])  # doctest: +SKIP
    """
    path = user_path(path)
    check_report(path)
    limit = pixel_limit(painting.settings)
    pictures = [named_picture(given_source(source), limit=limit) for source in (content, *styles)]
    page = _page(painting, pictures[0], pictures[1:], command, seconds)
    return save_page(path, page)


def save_page(path: str | Path, page: str) -> Path:
    """Write a page atomically.

    Raises:
        StylejaxError: it cannot be written.
    """
    save_file(Path(path), page.encode(errors="replace"))  # file names need not be Unicode
    return Path(path)


def link_to(picture: Path, page: Path) -> str:
    """The link from the page to a picture: relative, so that both can be moved together."""
    try:
        relative = os.path.relpath(picture, page.parent)
    except ValueError:  # on another drive
        return picture.absolute().as_uri()
    return quote(os.fsencode(Path(relative).as_posix()))


def _page(painting: StylizedImage, content: Picture, styles: Sequence[Picture], command: str, seconds: float | None) -> str:
    height, width = painting.image.shape[:2]
    settings, usual = painting.settings, recipe_named(painting.settings.recipe)
    took = [] if seconds is None else [f"{seconds:.1f} s"]
    return render_page(
        "report.html",
        style="look.css,made.css,curves.css,report.css",
        script="compare.js,copy.js",
        title=title_of(content.source, styles),
        facts=[f"{width}×{height}", f"{len(painting.trace)} steps", *took, painting.network, f"recipe {settings.recipe}"],
        notes=[*_failure(painting), *painting.notes],
        before=_before(content, height, width),
        after=data_uri(painting.image, alpha=painting.alpha, long_side=LARGE),
        transparent=painting.alpha is not None,
        content=content.source,
        given=input_pictures(content, styles),
        losses={} if not painting.trace else {term: f"{painting.trace[-1][term]:.4g}" for term in LOSSES},
        curves=curves_svg(painting.trace),
        command=[shlex.quote(word) for word in shlex.split(command)],
        varied=[],
        recipe=settings.recipe,
        changed=[(name, value, getattr(usual, name)) for name, value in changes_of(settings).items()],
        settings=recorded_settings(settings),
        environment=environment_facts(painting.network, seconds),
    )


def _before(content: Picture, height: int, width: int) -> str:
    """The content at the shape of the painting as it is shown."""
    if max(height, width) > LARGE:
        height, width = fit_long_side(height, width, LARGE)
    shown = resize_picture(content, height, width)
    return data_uri(shown.samples, alpha=shown.alpha, long_side=LARGE)


def title_of(content: str, styles: Sequence[Picture]) -> str:
    """`CONTENT in the style of STYLE, STYLE and STYLE`."""
    *before, last = [style.source for style in styles]
    return f"{content} in the style of {', '.join(before)}{' and ' if before else ''}{last}"


def input_pictures(content: Picture, styles: Sequence[Picture]) -> list[dict[str, Any]]:
    """Role, name, size and embedded copy of each input picture, for the page."""
    return [_shown("Content", content), *style_pictures(styles)]


def style_pictures(styles: Sequence[Picture]) -> list[dict[str, Any]]:
    """The same for the styles alone."""
    return [_shown("Style", style) for style in styles]


def _failure(painting: StylizedImage) -> list[str]:
    if painting.failure is None:
        return []
    sentence = str(painting.failure)
    return [f"{sentence[0].upper()}{sentence[1:]}; this is the last good picture."]


def _shown(role: str, picture: Picture) -> dict[str, Any]:
    size = {"width": picture.width, "height": picture.height}
    return {
        "role": role,
        "name": picture.source,
        "uri": data_uri(picture.samples, alpha=picture.alpha, long_side=SMALL),
        **size,
    }


def environment_facts(network: str, seconds: float | None) -> dict[str, str]:
    """Device, versions and date, by their labels on the page."""
    devices = jax.devices()
    kinds = {device.device_kind: sum(device.device_kind == other.device_kind for other in devices) for device in devices}
    return {
        "device": ", ".join(f"{count} × {kind}" for kind, count in kinds.items())
        + f" ({os.cpu_count()} cores in this machine)",
        "seconds": "not measured" if seconds is None else f"{seconds:.1f}",
        "network": network,
        **{package: version(package) for package in ("stylejax", "jax", "flax", "optax")},
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "date": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
    }

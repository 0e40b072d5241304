"""The report of many pictures: one HTML file with a small copy of each, what differs, and a link to the whole picture."""

import math
import os
import shlex
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from stylejax.batch.output.store import Store
from stylejax.batch.records import JobSpec
from stylejax.errors import StylejaxError
from stylejax.images.io.read import read_picture
from stylejax.images.picture import Picture
from stylejax.images.sheet import evenly_spaced
from stylejax.preview.embed import data_uri
from stylejax.preview.report import check_report, environment_facts, input_pictures, save_page
from stylejax.preview.template import render_page
from stylejax.settings.recipes import recipe_named
from stylejax.settings.settings import Settings

MOST_PICTURES = 200
MOST_FAILURES = 500
LARGEST = 480
"""Long side of a small copy where there are few of them."""
AMPLE = 40
"""So many copies are as large as that; more are made smaller, so that all together keep the size of the page."""
QUALITY = 80
"""Of the small copies: 200 of a Starry Night take 4.7 MB."""
READERS = 4


@dataclass(frozen=True)
class Cell:
    """One picture of the grid: painted, failed, or neither yet."""

    name: str
    facts: Mapping[str, str] = field(default_factory=dict)
    """What is told of it, by what it is called."""
    settings: Settings | None = None
    picture: Path | None = None
    """Its file, if there is one."""
    total: float = math.nan
    """The last total loss."""
    network: str = ""
    failure: str = ""
    """Why it is not there, or not whole."""


def write_grid(
    path: str | Path,
    cells: Sequence[Cell],
    *,
    title: str,
    content: Picture | None = None,
    styles: Sequence[Picture] = (),
    columns: int = 0,
    command: str = "",
    seconds: float | None = None,
) -> Path:
    """Write a page of all pictures, or of an even sample of them if they are many.

    Args:
        path: where to, an `.html` file. It holds all it shows; its links lead to the pictures, as seen from its place.
        cells: the pictures, in order.
        title: what the page is called.
        content: the content picture, where all have the same; then what differs stands for their names.
        styles: the style pictures, where all have the same.
        columns: how many pictures stand side by side; 0 for as many as there is room for.
        command: the command line that repeats the run.
        seconds: how long it took.

    Raises:
        StylejaxError: the path has another suffix or cannot be written.
    """
    check_report(path)
    painted, failed = [cell for cell in cells if cell.picture], [cell for cell in cells if cell.failure]
    left = sum(not cell.picture and not cell.failure for cell in cells)
    sample = evenly_spaced(painted, MOST_PICTURES)
    with ThreadPoolExecutor(READERS) as readers:
        side = round(LARGEST * min(1, math.sqrt(AMPLE / max(len(sample), 1))))
        shown = list(readers.map(lambda cell: _cell_values(cell, Path(path), side), sample))
    settings = [cell.settings for cell in cells if cell.settings]
    recipe, same, varied = _compared(settings)
    usual = recipe_named(recipe).as_options() if recipe else same
    networks = ", ".join(sorted({cell.network for cell in painted})) or "none"
    took = [] if seconds is None else [f"{seconds:.1f} s"]
    page = render_page(
        "grid.html",
        style="look.css,made.css,grid.css",
        script="copy.js",
        title=title,
        facts=[
            f"{sum(not cell.failure for cell in painted)} painted",
            *([f"{len(failed)} failed"] if failed else []),
            *took,
            networks,
        ]
        + ([f"recipe {recipe}"] if recipe else []),
        notes=_notes(len(sample), len(painted), left),
        columns=columns if columns in range(2, 9) and len(sample) == len(painted) else 0,
        cells=shown,
        named=content is None,
        given=[] if content is None else input_pictures(content, styles),
        failures=[(cell.name, cell.failure) for cell in failed[:MOST_FAILURES]],
        more_failures=max(0, len(failed) - MOST_FAILURES),
        command=[shlex.quote(word) for word in shlex.split(command)],
        varied=varied,
        recipe=recipe,
        changed=[(name, value, usual[name]) for name, value in same.items() if value != usual[name]],
        settings=same,
        environment=environment_facts(networks, seconds),
    )
    return save_page(path, page)


def batch_cells(rows: Sequence[JobSpec], store: Store) -> list[Cell]:
    """What has become of the rows of a table, in a folder on this machine, as far as its records tell."""
    assert store.folder.local is not None
    _, _, varied = _compared([row.settings for row in rows])
    told = ["recipe"] if "recipe" in varied else varied
    failures, cells = store.failures(), []
    for row in rows:
        facts = {"style": ", ".join(Path(style).name for style in row.styles)}
        facts |= {name: str(getattr(row.settings, name)) for name in told}
        record = store.record(row)
        if record:
            picture, total = store.folder.local / row.output, record["losses"]["total"]
            cells.append(Cell(row.output, facts, row.settings, picture, total, record["network"]))
        else:
            reason = failures.get(row.output, {}).get("reason", "")
            cells.append(Cell(row.output, facts, row.settings, failure=reason))
    return cells


def link_to(picture: Path, page: Path) -> str:
    """The address of a picture as a link on the page: relative, so that both can be moved together."""
    try:
        relative = os.path.relpath(picture, page.parent)
    except ValueError:  # on another drive
        return picture.absolute().as_uri()
    return quote(os.fsencode(Path(relative).as_posix()))


def _cell_values(cell: Cell, page: Path, side: int) -> dict[str, Any]:
    assert cell.picture is not None
    facts, total = list(cell.facts.items()), "" if math.isnan(cell.total) else f"{cell.total:.4g}"
    try:
        uri, failure = _small(read_picture(cell.picture), side), cell.failure
    except StylejaxError as problem:  # it was moved or overwritten meanwhile
        uri, failure = "", str(problem)
    link = link_to(cell.picture, page)
    return {"name": cell.name, "facts": facts, "total": total, "link": link, "uri": uri, "failure": failure}


def _small(picture: Picture, side: int) -> str:
    """A small copy as JPEG, which knows no opacity: on white."""
    pixels, alpha = picture.pixels, picture.alpha
    if alpha is not None:
        pixels = 1 - alpha[..., None] * (1 - pixels)
    return data_uri(pixels, long_side=side, quality=QUALITY)


def _compared(settings: Sequence[Settings]) -> tuple[str, dict[str, Any], list[str]]:
    """The recipe of all, if it is the same; the settings that are the same; and the names of those that are not."""
    if not settings:
        return "", {}, []
    options = settings[0].as_options()
    same = {name: value for name, value in options.items() if all(getattr(each, name) == value for each in settings)}
    return same.get("recipe", ""), same, [name for name in options if name not in same]


def _notes(shown: int, painted: int, left: int) -> list[str]:
    notes = [f"{left} {'picture is' if left == 1 else 'pictures are'} not painted yet."] if left else []
    if shown < painted:
        notes.append(f"These are {shown} of {painted} pictures, an even sample; the others lie beside them.")
    return notes

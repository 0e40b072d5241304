"""The report of many pictures: an HTML file with a small copy of each, its differences, and a link to the full picture."""

import math
import shlex
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stylejax.batch.output.store import Store
from stylejax.batch.records import JobSpec
from stylejax.errors import StylejaxError
from stylejax.images.io.read import read_picture
from stylejax.images.picture import Picture
from stylejax.images.sheet import evenly_spaced
from stylejax.preview.embed import data_uri
from stylejax.preview.report import check_report, environment_facts, input_pictures, link_to, save_page
from stylejax.preview.template import render_page
from stylejax.settings.recipes import recipe_named
from stylejax.settings.settings import Settings

MAX_PICTURES = 200
MAX_FAILURES = 500
LONG_SIDE = 480
"""Of a small copy, in pixels, on a page of few pictures."""
FULL_SIZE_COUNT = 40
"""Up to this many copies have that size; more are smaller, so that the size of the page stays the same."""
QUALITY = 80
"""JPEG quality of the small copies: 200 of a Starry Night take 4.7 MB."""
READERS = 4


@dataclass(frozen=True)
class Cell:
    """One picture of the grid: finished, failed, or neither yet."""

    name: str
    facts: Mapping[str, str] = field(default_factory=dict)
    """Text below the picture, by label."""
    settings: Settings | None = None
    picture: Path | None = None
    """Its file, if it exists."""
    total: float = math.nan
    """The last total loss."""
    network: str = ""
    failure: str = ""
    """Why the picture is missing or unfinished."""


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
    """Write a page of all pictures, or of an even sample of many.

    Args:
        path: the `.html` file to write. It embeds the small copies; its links to the pictures are relative.
        cells: the pictures, in order.
        title: of the page.
        content: the content picture, if all have the same; the cells are then labelled by their differences.
        styles: the style pictures, if all have the same.
        columns: pictures in a row; 0 for as many as fit.
        command: the command line that repeats the run.
        seconds: duration of the run.

    Raises:
        MissingExtraError: Jinja2 is not installed.
        StylejaxError: the path has another suffix or cannot be written.
    """
    check_report(path)
    painted, failed = [cell for cell in cells if cell.picture], [cell for cell in cells if cell.failure]
    left = sum(not cell.picture and not cell.failure for cell in cells)
    sample = evenly_spaced(painted, MAX_PICTURES)
    with ThreadPoolExecutor(READERS) as readers:
        side = round(LONG_SIDE * min(1, math.sqrt(FULL_SIZE_COUNT / max(len(sample), 1))))
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
        failures=[(cell.name, cell.failure) for cell in failed[:MAX_FAILURES]],
        more_failures=max(0, len(failed) - MAX_FAILURES),
        command=[shlex.quote(word) for word in shlex.split(command)],
        varied=varied,
        recipe=recipe,
        changed=[(name, value, usual[name]) for name, value in same.items() if value != usual[name]],
        settings=same,
        environment=environment_facts(networks, seconds),
    )
    return save_page(path, page)


def batch_cells(rows: Sequence[JobSpec], store: Store) -> list[Cell]:
    """The outcome of the rows of a table, from the records in a local folder."""
    assert store.folder.local is not None
    _, _, varied = _compared([row.settings for row in rows])
    labels = ["recipe"] if "recipe" in varied else varied
    failures, cells = store.failures(), []
    for row in rows:
        facts = {"style": ", ".join(Path(style).name for style in row.styles)}
        facts |= {name: str(getattr(row.settings, name)) for name in labels}
        record = store.record(row)
        if record:
            picture, total = store.folder.local / row.output, record["losses"]["total"]
            cells.append(Cell(row.output, facts, row.settings, picture, total, record["network"]))
        else:
            reason = failures.get(row.output, {}).get("reason", "")
            cells.append(Cell(row.output, facts, row.settings, failure=reason))
    return cells


def _cell_values(cell: Cell, page: Path, side: int) -> dict[str, Any]:
    assert cell.picture is not None
    facts, total = list(cell.facts.items()), "" if math.isnan(cell.total) else f"{cell.total:.4g}"
    try:
        uri, failure = _small(read_picture(cell.picture), side), cell.failure
    except StylejaxError as problem:  # it was moved or overwritten in the meantime
        uri, failure = "", str(problem)
    link = link_to(cell.picture, page)
    return {"name": cell.name, "facts": facts, "total": total, "link": link, "uri": uri, "failure": failure}


def _small(picture: Picture, side: int) -> str:
    """A small copy as JPEG, which has no opacity: on white."""
    pixels, alpha = picture.samples, picture.alpha
    if alpha is not None:
        pixels = 1 - alpha[..., None] * (1 - picture.pixels)
    return data_uri(pixels, long_side=side, quality=QUALITY)


def _compared(settings: Sequence[Settings]) -> tuple[str, dict[str, Any], list[str]]:
    """The common recipe, or empty; the settings that are the same for all; and the names of the others."""
    if not settings:
        return "", {}, []
    options = settings[0].as_options()
    same = {name: value for name, value in options.items() if all(getattr(each, name) == value for each in settings)}
    return same.get("recipe", ""), same, [name for name in options if name not in same]


def _notes(shown: int, painted: int, left: int) -> list[str]:
    notes = [f"{left} {'picture is' if left == 1 else 'pictures are'} not painted yet."] if left else []
    if shown < painted:
        notes.append(f"These are {shown} of {painted} pictures, an even sample; the others are in the same folder.")
    return notes

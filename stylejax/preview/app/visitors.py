"""Event handlers of the page: they convert the values of the form to a run, and its frames to updates of the outputs.

A message remains until its cause is corrected. A button is active only while it has an effect.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from stylejax.choices import TERMS
from stylejax.errors import StylejaxError
from stylejax.preview.app.run import Frame, Run, check_upload
from stylejax.settings.parse import parse_setting

LARGEST_SIZE = 1024
FIELDS = (
    "model",
    "size",
    "iterations",
    "strength",
    "content_weight",
    "style_weight",
    "tv_weight",
    "keep_color",
    "style_blend",
)
"""Settings of the form; the others are those of the recipe."""
OUTPUTS = ("picture", "status", "message", "start", "stop", "download", "curves", "command", "files")

_LEGEND_ITEMS = "".join(f'<li class="{term}">{term}</li>' for term in TERMS)
_LEGEND = f'<ul class="legend"><li>total</li>{_LEGEND_ITEMS}</ul>'
BEGIN = "<p>Give a photograph and at least one style, or click an example.</p>"


class Visitors:
    """The sessions of the page. Each visitor has at most one run at a time, and can stop only that run."""

    def __init__(self):
        """Initialize without sessions."""
        self._busy: set[str | None] = set()
        self._runs: dict[str | None, Run] = {}

    def look(self, request: gr.Request, *values: Any) -> list[Any]:
        """Validate the form; returns updates of `message` and `start`."""
        wanted, problem = _wanted(values)
        message = _problem(problem) if problem else "" if wanted else BEGIN
        return [message, gr.Button(interactive=bool(wanted) and request.session_hash not in self._busy)]

    def begin(self, request: gr.Request) -> list[Any]:
        """Updates of `OUTPUTS` before the first frame, while the run may wait for others."""
        self._busy.add(request.session_hash)
        news = {"status": _status("waiting for the device", busy=True), "message": "", "curves": "", "picture": None}
        news |= {"start": gr.Button(interactive=False), "download": gr.DownloadButton(interactive=False)}
        return _outputs(news | {"command": gr.Textbox(visible=False), "files": gr.File(visible=False)})

    def paint(self, request: gr.Request, *values: Any) -> Iterator[list[Any]]:
        """Run with the values of the form, and yield updates of `OUTPUTS`."""
        frames = None
        try:
            run = self._runs[request.session_hash] = _run_of(values)
            frames = run.frames()
            for frame in frames:
                yield _outputs(_shown(frame) | {"stop": gr.Button(interactive=not (frame.files or run.stop.is_set()))})
        except StylejaxError as problem:
            yield _outputs({"status": "", "message": _problem(str(problem))})
        finally:
            if frames:
                frames.close()
            self._runs.pop(request.session_hash, None)
            self._busy.discard(request.session_hash)

    def over(self, request: gr.Request, *values: Any) -> list[Any]:
        """Updates of `start` and `stop` after a run, also if it could not begin."""
        self._busy.discard(request.session_hash)
        return [gr.Button(interactive=bool(_wanted(values)[0])), gr.Button(interactive=False)]

    def stop(self, request: gr.Request) -> Any:
        """Stop the visitor's run and keep its picture; returns an update of `stop`."""
        run = self._runs.get(request.session_hash)
        if run is not None:
            run.stop.set()
        return gr.Button(interactive=False)

    def dismiss(self) -> None:
        """Stop all runs without keeping their pictures."""
        for run in list(self._runs.values()):
            run.kept = False
            run.stop.set()


def _outputs(news: dict[str, Any]) -> list[Any]:
    return [news.get(name, gr.skip()) for name in OUTPUTS]


def _wanted(values: tuple[Any, ...]) -> tuple[Run | None, str]:
    """The run for the values of the form, or an error message; neither while a picture is missing."""
    content, styles, *_ = values
    try:
        if content and styles:
            return _run_of(values), ""
        for path in (content, *(style for style, _ in styles or ())):
            if path:
                check_upload(Path(path))
        return None, ""
    except StylejaxError as problem:
        return None, str(problem)


def _run_of(values: tuple[Any, ...]) -> Run:
    """The run for the values of the form, optionally followed by a drawn region.

    Raises:
        StylejaxError: a value is missing or cannot be used.
    """
    content, styles, recipe, *rest = values
    fields, masks, drawn = rest[: len(FIELDS)], rest[len(FIELDS)], rest[len(FIELDS) + 1 :]
    options = dict(zip(FIELDS, fields, strict=True)) | {"recipe": recipe}
    for name, value in options.items():
        if value is None:
            raise StylejaxError(f"{name.replace('_', ' ')} is empty; give a number")
    options = {name: parse_setting(name, value) for name, value in options.items()}
    options["size"] = min(options["size"], LARGEST_SIZE)
    region = np.asarray(drawn[0]["layers"][0])[..., 3] if drawn and drawn[0] and drawn[0]["layers"] else None
    return Run(Path(content), [Path(style) for style, _ in styles], options, [Path(mask) for mask in masks or ()], region)


def _shown(frame: Frame) -> dict[str, Any]:
    news: dict[str, Any] = {"status": _status(frame.status, busy=not frame.files)}
    if frame.picture is not None:
        news |= {"picture": frame.picture, "curves": _LEGEND + frame.curves}
    if frame.files:
        news["download"] = gr.DownloadButton(value=str(frame.files[0]), interactive=True)
        news["files"] = gr.File(value=[str(file) for file in frame.files[1:]], visible=True)
        news["command"] = gr.Textbox(value=frame.command, visible=True)
    return news


def _status(text: str, *, busy: bool) -> str:
    return f'<p role="status" class="{"busy" if busy else "done"}">{escape(text)}</p>'


def _problem(text: str) -> str:
    return f'<p role="alert">{escape(text)}</p>'

"""Event handlers of the page: they convert the values of the form to a run, and its frames to updates of the outputs.

A message remains until its cause is corrected. A button is active only while it has an effect.
"""

from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Any

import gradio as gr

from stylejax.choices import TEMPORAL, TERMS
from stylejax.errors import StylejaxError
from stylejax.preview.app.painting import Frame, Painting

OUTPUTS = ("picture", "status", "message", "start", "stop", "download", "curves", "command", "files")
CLIP_OUTPUTS = (*OUTPUTS, "clip")

_LEGEND_ITEMS = "".join(f'<li class="{term}">{term}</li>' for term in TERMS)
_LEGEND = f'<ul class="legend"><li>total</li>{_LEGEND_ITEMS}</ul>'
_CLIP_LEGEND = _LEGEND.replace("</ul>", f'<li class="{TEMPORAL}">{TEMPORAL}</li></ul>')


class Visitors:
    """The sessions of a tab of the page. Each visitor has at most one run of it at a time, and can stop only that run."""

    def __init__(self, read: Callable[..., Painting | None], *, outputs: Sequence[str] = OUTPUTS, begin: str):
        """Initialize without sessions.

        Args:
            read: makes a run from the values of the form; None while something is missing. Raises StylejaxError for a value
                that cannot be used.
            outputs: the names of the outputs.
            begin: the message while something is missing.
        """
        self._read, self._names, self.message = read, outputs, f"<p>{escape(begin)}</p>"
        self._busy: set[str | None] = set()
        self._runs: dict[str | None, Painting] = {}

    def look(self, request: gr.Request, *values: Any) -> list[Any]:
        """Validate the form; returns updates of `message` and `start`."""
        try:
            wanted, message = self._read(*values), ""
        except StylejaxError as problem:
            wanted, message = None, _problem(str(problem))
        if not wanted:
            message = message or self.message
        return [message, gr.Button(interactive=bool(wanted) and request.session_hash not in self._busy)]

    def begin(self, request: gr.Request) -> list[Any]:
        """Updates of the outputs before the first frame, while the run may wait for others."""
        self._busy.add(request.session_hash)
        news = {"status": _status("waiting for the device", busy=True), "message": "", "curves": "", "picture": None}
        news |= {"start": gr.Button(interactive=False), "download": gr.DownloadButton(interactive=False)}
        news |= {"command": gr.Textbox(visible=False), "files": gr.File(visible=False)}
        if "clip" in self._names:
            news |= {"picture": gr.Image(value=None, visible=True), "clip": gr.Video(value=None, visible=False)}
        return self._outputs(news)

    def paint(self, request: gr.Request, *values: Any) -> Iterator[list[Any]]:
        """Run with the values of the form, and yield updates of the outputs."""
        frames = None
        try:
            run = self._read(*values)
            if run is None:
                yield self._outputs({"status": "", "message": self.message})
                return
            self._runs[request.session_hash] = run
            frames = run.frames()
            for frame in frames:
                stop = gr.Button(interactive=not (frame.files or run.stop.is_set()))
                yield self._outputs(self._shown(frame) | {"stop": stop})
        except StylejaxError as problem:
            yield self._outputs({"status": "", "message": _problem(str(problem))})
        finally:
            if frames:
                frames.close()
            self._runs.pop(request.session_hash, None)
            self._busy.discard(request.session_hash)

    def over(self, request: gr.Request, *values: Any) -> list[Any]:
        """Updates of `start` and `stop` after a run, also if it could not begin."""
        self._busy.discard(request.session_hash)
        return [self.look(request, *values)[1], gr.Button(interactive=False)]

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

    def _outputs(self, news: dict[str, Any]) -> list[Any]:
        return [news.get(name, gr.skip()) for name in self._names]

    def _shown(self, frame: Frame) -> dict[str, Any]:
        news: dict[str, Any] = {"status": _status(frame.status, busy=not frame.files)}
        is_clip = "clip" in self._names
        if frame.picture is not None:
            news["picture"] = frame.picture
        if frame.curves:
            news["curves"] = (_CLIP_LEGEND if is_clip else _LEGEND) + frame.curves
        if frame.files:
            result, *others = map(str, frame.files)
            news["download"] = gr.DownloadButton(value=result, interactive=True)
            news["files"] = gr.File(value=others, visible=True)
            news["command"] = gr.Textbox(value=frame.command, visible=True)
            if is_clip:
                news |= {"clip": gr.Video(value=result, visible=True), "picture": gr.Image(visible=False)}
        return news


def _status(text: str, *, busy: bool) -> str:
    return f'<p role="status" class="{"busy" if busy else "done"}">{escape(text)}</p>'


def _problem(text: str) -> str:
    return f'<p role="alert">{escape(text)}</p>'

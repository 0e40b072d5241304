"""The page of the application in Gradio: a tab for pictures and one for clips, inputs on the left, results on the right."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when Gradio is imported

import gradio as gr
from gradio.themes import Base

from stylejax.errors import MissingExtraError, StylejaxError
from stylejax.extras import require_extra
from stylejax.preview.app.examples import Example
from stylejax.preview.app.inputs import clip_inputs, picture_inputs, recipe_values
from stylejax.preview.app.painting import check_upload
from stylejax.preview.app.read import CLIP_FIELDS, FIELDS, read_clip_form, read_picture_form
from stylejax.preview.app.visitors import CLIP_OUTPUTS, OUTPUTS, Visitors

MOST_WAITING = 16
_QUIET = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


def tabs() -> list[Visitors]:
    """The visitors of both tabs."""
    try:
        require_extra("video", "painting a clip")
        begin = "Give a clip and at least one style."
    except MissingExtraError as missing:
        begin = str(missing)
    return [
        Visitors(read_picture_form, begin="Give a photograph and at least one style, or click an example."),
        Visitors(read_clip_form, outputs=CLIP_OUTPUTS, begin=begin),
    ]


def build(visitors: Sequence[Visitors], examples: Sequence[Example]) -> gr.Blocks:
    """Build the page, without serving it.

    Args:
        visitors: from `tabs`.
        examples: to click on.
    """
    pictures, clips = visitors
    with gr.Blocks(title="stylejax", analytics_enabled=False, delete_cache=(3600, 3600), fill_width=False) as page:
        gr.Markdown("# stylejax\nPaint a photograph or a clip in the style of one painting or several.", elem_id="title")
        with gr.Tab("Picture"):
            _picture_tab(pictures, examples)
        with gr.Tab("Clip"):
            _clip_tab(clips)
    return page.queue(max_size=MOST_WAITING)


def _picture_tab(visitors: Visitors, examples: Sequence[Example]) -> None:
    inputs, outputs = _columns(visitors, lambda: picture_inputs(examples), OUTPUTS, ids="")
    drawn = inputs.pop("drawn")
    _connect(visitors, inputs, outputs, fields=FIELDS, late=[drawn])
    inputs["content"].change(_canvas, inputs["content"], drawn, **_QUIET)


def _clip_tab(visitors: Visitors) -> None:
    inputs, outputs = _columns(visitors, clip_inputs, CLIP_OUTPUTS, ids="clip-")
    _connect(visitors, inputs, outputs, fields=CLIP_FIELDS)


def _columns(
    visitors: Visitors, make_inputs: Callable[[], dict[str, Any]], names: Sequence[str], *, ids: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    with gr.Row():
        with gr.Column(scale=4, min_width=320):
            inputs = make_inputs()
        with gr.Column(scale=6, min_width=320):
            outputs = _outputs(visitors.message, clip="clip" in names, ids=ids)
    return inputs, outputs


def _connect(
    visitors: Visitors, inputs: dict[str, Any], outputs: dict[str, Any], *, fields: Sequence[str], late: Sequence[Any] = ()
) -> None:
    """Connect the events of a tab; `late` inputs are read only when the run begins."""
    given, shown = list(inputs.values()), list(outputs.values())
    message, start, stop, picture = (outputs[name] for name in ("message", "start", "stop", "picture"))
    changes = [each.change for each in (*given, *late)]
    gr.on(changes, visitors.look, given, [message, start], trigger_mode="always_last", **_QUIET)
    (
        start.click(visitors.begin, None, shown, **_QUIET)
        .then(
            visitors.paint, [*given, *late], shown, concurrency_limit=1, concurrency_id="device", api_visibility="private",
            show_progress="minimal", show_progress_on=picture,
        )
        .then(visitors.over, given, [start, stop], **_QUIET)
    )  # fmt: skip
    stop.click(visitors.stop, None, [stop], **_QUIET)
    values = [inputs[name] for name in fields]
    inputs["recipe"].change(lambda name: recipe_values(name, fields), inputs["recipe"], values, **_QUIET)


def _outputs(begin: str, *, clip: bool, ids: str) -> dict[str, Any]:
    """The outputs, in the order of their names in `OUTPUTS`."""
    outputs: dict[str, Any] = {
        "picture": gr.Image(
            label="Picture", format="jpeg", interactive=False, buttons=["fullscreen"], elem_id=f"{ids}picture"
        )
    }  # fmt: skip
    shown = gr.Video(label="Clip", interactive=False, visible=False, elem_id=f"{ids}result") if clip else None
    outputs["status"] = gr.HTML("", elem_id=f"{ids}status")
    with gr.Row():
        start = gr.Button("Paint", variant="primary", interactive=False)
        stop = gr.Button("Stop and keep", interactive=False)
        download = gr.DownloadButton("Download", interactive=False, elem_id=f"{ids}download")
    outputs["message"] = gr.HTML(begin, elem_id=f"{ids}message")
    outputs |= {"start": start, "stop": stop, "download": download, "curves": gr.HTML(label="Losses")}
    outputs["command"] = gr.Textbox(
        label="The same on the command line", lines=2, buttons=["copy"], interactive=False, visible=False,
        elem_id=f"{ids}command",
    )  # fmt: skip
    label = "Report" if clip else "Report and masks"
    outputs["files"] = gr.File(label=label, file_count="multiple", interactive=False, visible=False)
    return outputs | ({"clip": shown} if clip else {})


def _canvas(content: str | None) -> dict[str, Any] | None:
    """The photograph as the background of the editor of regions; None if it is rejected."""
    try:
        if content:
            check_upload(Path(content))
    except StylejaxError:
        return None
    return {"background": content, "layers": [], "composite": None} if content else None


def theme() -> Base:
    """The fonts and colors of the page."""
    fonts = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "DejaVu Sans", "sans-serif"]
    colors = {
        "body_background_fill": ("#f7f5f0", "#161513"),
        "block_background_fill": ("#ffffff", "#201e1b"),
        "block_border_color": ("#e2dccf", "#38342e"),
        "block_label_background_fill": ("#ffffffd0", "#201e1bd0"),
        "block_label_text_color": ("#6d665a", "#a59d8f"),
        "block_title_text_color": ("#23201b", "#ece7dd"),
        "button_primary_background_fill": ("#b4512b", "#b4512b"),
        "button_primary_background_fill_hover": ("#9a4323", "#cb6238"),
        "slider_color": ("#b4512b", "#e98b62"),
    }
    values = {name: light for name, (light, _) in colors.items()} | {f"{name}_dark": dark for name, (_, dark) in colors.items()}
    theme = Base(primary_hue="orange", neutral_hue="stone", font=fonts, font_mono=["ui-monospace", "monospace"])
    return theme.set(block_border_width="1px", **values)

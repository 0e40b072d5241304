"""The page of the application in Gradio: inputs on the left, the current picture on the right."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when Gradio is imported

import gradio as gr
from gradio.themes import Base

from stylejax.errors import StylejaxError
from stylejax.preview.app.examples import Example
from stylejax.preview.app.run import check_upload
from stylejax.preview.app.visitors import BEGIN, FIELDS, LARGEST_SIZE, OUTPUTS, Visitors
from stylejax.settings.derived import SETTINGS
from stylejax.settings.recipes import recipe_named
from stylejax.weights.sources import SOURCES, installed_path

MOST_WAITING = 16


def build(visitors: Visitors, examples: Sequence[Example]) -> gr.Blocks:
    """Build the page, without serving it."""
    with gr.Blocks(title="stylejax", analytics_enabled=False, delete_cache=(3600, 3600), fill_width=False) as page:
        gr.Markdown("# stylejax\nPaint a photograph in the style of one painting or several.", elem_id="title")
        with gr.Row():
            with gr.Column(scale=4, min_width=320):
                inputs = _inputs(examples)
            with gr.Column(scale=6, min_width=320):
                outputs = _outputs()
        _connect(visitors, inputs, outputs)
    return page.queue(max_size=MOST_WAITING)


def _connect(visitors: Visitors, inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
    drawn = inputs.pop("drawn")
    given, shown = list(inputs.values()), [outputs[name] for name in OUTPUTS]
    message, start, stop, picture = (outputs[name] for name in ("message", "start", "stop", "picture"))
    quiet = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    changes = [each.change for each in (*given, drawn)]
    gr.on(changes, visitors.look, given, [message, start], trigger_mode="always_last", **quiet)
    (
        start.click(visitors.begin, None, shown, **quiet)
        .then(
            visitors.paint, [*given, drawn], shown, concurrency_limit=1, api_visibility="private",
            show_progress="minimal", show_progress_on=picture,
        )
        .then(visitors.over, given, [start, stop], **quiet)
    )  # fmt: skip
    stop.click(visitors.stop, None, [stop], **quiet)
    inputs["recipe"].change(_recipe_values, inputs["recipe"], [inputs[name] for name in FIELDS], **quiet)
    inputs["content"].change(_canvas, inputs["content"], drawn, **quiet)


def _inputs(examples: Sequence[Example]) -> dict[str, Any]:
    return _picture_inputs(examples) | _setting_inputs() | _region_inputs()


def _picture_inputs(examples: Sequence[Example]) -> dict[str, Any]:
    inputs: dict[str, Any] = {
        "content": _undecoded(
            gr.Image(label="Photograph", type="filepath", height=260, sources=["upload", "clipboard"], elem_id="content")
        ),
        "styles": _undecoded(
            gr.Gallery(
                label="Styles, one or several", type="filepath", height=200, columns=3, interactive=True,
                sources=["upload"], elem_id="styles",
            )
        ),
    }  # fmt: skip
    if examples:
        shown = gr.Dataset(
            label="Examples: click one", components=[gr.Image(render=False)], samples=[[str(each.shown)] for each in examples],
            type="index", elem_id="examples",
        )  # fmt: skip
        shown.click(
            lambda number: (str(examples[number].content), [str(examples[number].style)]), shown,
            [inputs["content"], inputs["styles"]], queue=False, show_progress="hidden", api_visibility="private",
        )  # fmt: skip
    return inputs


def _setting_inputs() -> dict[str, Any]:
    usual = recipe_named("stylejax")
    inputs: dict[str, Any] = {
        "recipe": gr.Dropdown(SETTINGS["recipe"].names, value=usual.recipe, label="Recipe"),
        "model": gr.Dropdown(_models(), value=usual.model, label="Network"),
        "size": gr.Slider(64, LARGEST_SIZE, int(usual.size), step=16, label="Size", info="long side in pixels"),
        "iterations": gr.Textbox(
            str(usual.iterations), label="Steps at each scale", info="or several numbers, from coarse to fine", max_length=100
        ),
        "strength": gr.Slider(
            *_bounds("strength"), usual.strength, step=0.05, label="Strength", info="from the photograph to the painting"
        ),
        "content_weight": gr.Number(
            usual.content_weight, label="Content weight", info="higher keeps more of the photograph"
        ),
    }  # fmt: skip
    with gr.Accordion("More settings", open=False):
        inputs["style_weight"] = gr.Number(usual.style_weight, label="Style weight")
        inputs["tv_weight"] = gr.Number(usual.tv_weight, label="Smoothness", info="weight of total variation")
        inputs["keep_color"] = gr.Radio(
            SETTINGS["keep_color"].names, value=usual.keep_color, label="Keep the photograph's colors"
        )
        inputs["style_blend"] = gr.Textbox(
            usual.style_blend, label="Share of each style", placeholder="0.7,0.3", max_length=100
        )
    return inputs


def _region_inputs() -> dict[str, Any]:
    with gr.Accordion("Regions", open=False):
        gr.Markdown("With two styles: draw where the second one goes. Or upload a mask for each style, white where it goes.")
        brush = gr.Brush(default_size=40, colors=["#e0452b"], color_mode="fixed")
        drawn = gr.ImageEditor(
            label="Draw a region", type="numpy", image_mode="RGBA", sources=(), brush=brush, layers=False, transforms=(),
            buttons=[], height=320, elem_id="drawn",
        )  # fmt: skip
        masks = gr.File(label="Masks", file_count="multiple", file_types=["image"], type="filepath", height=120)
    return {"drawn": drawn, "masks": masks}


def _bounds(name: str) -> tuple[float, float]:
    """The range of a setting."""
    within = SETTINGS[name].info.within
    assert within is not None
    return within.low, within.high


def _undecoded(given: gr.Image | gr.Gallery) -> gr.Image | gr.Gallery:
    """Make an input return uploaded files without decoding, which preserves depth and profile until `check_upload`.

    This is not a subclass, because Gradio writes a stub file beside the source of every component class.
    """
    if isinstance(given, gr.Image):
        given.preprocess = lambda payload: None if payload is None else payload.path
    else:
        given.preprocess = lambda payload: [] if payload is None else [(_path(each), None) for each in payload.root]
    return given


def _path(element: Any) -> str:
    return element.image.path if hasattr(element, "image") else element.video.path


def _outputs() -> dict[str, Any]:
    outputs: dict[str, Any] = {
        "picture": gr.Image(
            label="Picture", format="jpeg", interactive=False, buttons=["fullscreen"], elem_id="picture"
        )
    }  # fmt: skip
    outputs["status"] = gr.HTML("", elem_id="status")
    with gr.Row():
        outputs["start"] = gr.Button("Paint", variant="primary", interactive=False)
        outputs["stop"] = gr.Button("Stop and keep", interactive=False)
        outputs["download"] = gr.DownloadButton("Download", interactive=False, elem_id="download")
    outputs["message"] = gr.HTML(BEGIN, elem_id="message")
    outputs["curves"] = gr.HTML(label="Losses")
    outputs["command"] = gr.Textbox(
        label="The same on the command line", lines=2, buttons=["copy"], interactive=False, visible=False, elem_id="command"
    )
    outputs["files"] = gr.File(label="Report and masks", file_count="multiple", interactive=False, visible=False)
    return outputs


def _recipe_values(name: str) -> list[Any]:
    """The values of `FIELDS` in a recipe, with `auto` for a network that is not installed."""
    recipe = recipe_named(name)
    values = {field: getattr(recipe, field) for field in FIELDS}
    if values["model"] not in _models():
        values["model"] = "auto"
    return list(values.values())


def _models() -> list[str]:
    return ["auto", *(name for name in SOURCES if installed_path(name))]


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

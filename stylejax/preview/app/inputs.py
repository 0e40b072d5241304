"""The inputs of both tabs, by their names."""

from collections.abc import Sequence
from typing import Any, TypeVar

import gradio as gr

from stylejax.preview.app.examples import Example
from stylejax.preview.app.read import LARGEST_CLIP, LARGEST_SIZE
from stylejax.settings.derived import SETTINGS
from stylejax.settings.recipes import recipe_named
from stylejax.video.options import VideoOptions
from stylejax.weights.sources import SOURCES, installed_path

Component = TypeVar("Component", gr.Image, gr.Gallery)

LONGEST_PREVIEW = 30
"""Seconds of a clip that are painted, unless all are."""


def picture_inputs(examples: Sequence[Example]) -> dict[str, Any]:
    """The inputs of the tab for pictures."""
    return _picture_inputs(examples) | _setting_inputs() | _region_inputs()


def clip_inputs() -> dict[str, Any]:
    """The inputs of the tab for clips."""
    usual = VideoOptions()
    inputs: dict[str, Any] = {
        "clip": gr.Video(label="Clip", height=260, sources=["upload"], elem_id="clip"),
        "styles": _styles("clip-styles"),
    }
    inputs |= _main_inputs("clip", largest=LARGEST_CLIP, size=320)
    inputs["keep_color"] = _keep_color("clip")
    inputs["preview"] = gr.Slider(
        0, LONGEST_PREVIEW, 2, step=0.5, label="Seconds", info="from the beginning, to see the look; 0 paints all"
    )
    inputs["temporal_weight"] = gr.Number(
        usual.temporal_weight, label="Steadiness", info="higher flickers less, lower has fresher strokes"
    )
    return inputs


def _picture_inputs(examples: Sequence[Example]) -> dict[str, Any]:
    inputs: dict[str, Any] = {
        "content": _undecoded(
            gr.Image(label="Photograph", type="filepath", height=260, sources=["upload", "clipboard"], elem_id="content")
        ),
        "styles": _styles("styles"),
    }
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


def _styles(name: str) -> gr.Gallery:
    gallery = gr.Gallery(
        label="Styles, one or several", type="filepath", height=200, columns=3, interactive=True, sources=["upload"],
        elem_id=name,
    )  # fmt: skip
    return _undecoded(gallery)


def _main_inputs(what: str, *, largest: int, size: int) -> dict[str, Any]:
    usual = recipe_named("stylejax")
    return {
        "recipe": gr.Dropdown(SETTINGS["recipe"].names, value=usual.recipe, label="Recipe"),
        "model": gr.Dropdown(_models(), value=usual.model, label="Network"),
        "size": gr.Slider(64, largest, size, step=16, label="Size", info="long side in pixels"),
        "iterations": gr.Textbox(
            str(usual.iterations), label="Steps at each scale", info="or several numbers, from coarse to fine", max_length=100
        ),
        "strength": gr.Slider(
            *_bounds("strength"), usual.strength, step=0.05, label="Strength", info=f"from the {what} to the painting"
        ),
        "content_weight": gr.Number(
            usual.content_weight, label="Content weight", info=f"higher keeps more of the {what}"
        ),
    }  # fmt: skip


def _keep_color(what: str) -> gr.Radio:
    return gr.Radio(SETTINGS["keep_color"].names, value=recipe_named("stylejax").keep_color, label=f"Keep the {what}'s colors")


def _setting_inputs() -> dict[str, Any]:
    usual = recipe_named("stylejax")
    inputs = _main_inputs("photograph", largest=LARGEST_SIZE, size=int(usual.size))
    with gr.Accordion("More settings", open=False):
        inputs["style_weight"] = gr.Number(usual.style_weight, label="Style weight")
        inputs["tv_weight"] = gr.Number(usual.tv_weight, label="Smoothness", info="weight of total variation")
        inputs["keep_color"] = _keep_color("photograph")
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


def _undecoded(given: Component) -> Component:
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


def recipe_values(name: str, fields: Sequence[str]) -> list[Any]:
    """The values of these settings in a recipe, with `auto` for a network that is not installed."""
    recipe = recipe_named(name)
    values = {field: getattr(recipe, field) for field in fields}
    if values["model"] not in _models():
        values["model"] = "auto"
    return list(values.values())


def _models() -> list[str]:
    return ["auto", *(name for name in SOURCES if installed_path(name))]

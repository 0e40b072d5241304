"""The application's page in Gradio: what goes in on the left, the picture as it develops on the right."""

import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when Gradio is imported

import gradio as gr
import numpy as np
from gradio.themes import Base
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stylejax.choices import KeepColorName, RecipeName
from stylejax.errors import StylejaxError
from stylejax.model.sources import SOURCES, installed_path
from stylejax.optimize.recipes import recipe_named
from stylejax.preview.app.run import Frame, Run, check_upload
from stylejax.preview.template import page_text

LARGEST_FILE = "30mb"
LARGEST_SIZE = 1024
MOST_WAITING = 16
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
    "seed",
)
"""Settings that the page asks for; the others are the recipe's."""

_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
    "base-uri 'self'; form-action 'self'; object-src 'none'"
)
"""Gradio's own scripts need to be inline; nothing may come from, or go to, another address."""


def build() -> gr.Blocks:
    """The page, not yet served."""
    visitors = Visitors()
    with gr.Blocks(title="stylejax", analytics_enabled=False, delete_cache=(3600, 3600), fill_width=False) as page:
        gr.Markdown("# stylejax\nPaint a photograph in the style of one painting or several.", elem_id="title")
        with gr.Row():
            with gr.Column(scale=4, min_width=320):
                inputs = _inputs()
            with gr.Column(scale=6, min_width=320):
                outputs = _outputs()
        start, stop = outputs.pop("start"), outputs.pop("stop")
        shown = list(outputs.values())
        start.click(
            visitors.paint, list(inputs.values()), shown, concurrency_limit=1, api_visibility="private", show_progress="minimal"
        )
        stop.click(visitors.stop, None, None, queue=False, api_visibility="private")
        fields = [inputs[name] for name in FIELDS]
        inputs["recipe"].change(_recipe_values, inputs["recipe"], fields, queue=False, api_visibility="private")
        inputs["content"].change(_canvas, inputs["content"], inputs["drawn"], queue=False, api_visibility="private")
    return page.queue(max_size=MOST_WAITING)


def serve(*, host: str = "127.0.0.1", port: int = 7860, browser: bool = True) -> None:
    """Serve the page until Ctrl-C; uploads and results live in a folder that is removed at the end.

    Raises:
        StylejaxError: the port is taken.
    """
    with tempfile.TemporaryDirectory(prefix="stylejax-app-") as folder:
        os.environ["GRADIO_TEMP_DIR"] = folder
        page = build()
        try:
            page.launch(
                server_name=host,
                server_port=port,
                inbrowser=browser,
                share=False,
                max_file_size=LARGEST_FILE,
                app_kwargs={"middleware": [Middleware(Policy)]},
                theme=_theme(),
                css=page_text("app.css") + page_text("curves.css"),
                footer_links=[],
                enable_monitoring=False,
                ssr_mode=False,
                mcp_server=False,
                prevent_thread_lock=True,
                quiet=True,
            )
        except OSError as problem:
            raise StylejaxError(f"the app cannot be served at {host}, port {port}: {problem}; name another --port") from None
        try:
            print(f"stylejax is at http://{host}:{port}/ (Ctrl-C ends it)", flush=True)
            threading.Event().wait()
        finally:
            page.close(verbose=False)


class Visitors:
    """Who is painting: each visitor may stop what is their own."""

    def __init__(self):
        """Nobody yet."""
        self._runs: dict[str | None, Run] = {}

    def paint(self, request: gr.Request, *values: Any) -> Iterator[tuple]:
        """Paint with the values of the form, and yield what the outputs show."""
        try:
            run = _run_of(values)
            self._runs[request.session_hash] = run
            for frame in run.frames():
                yield _shown(frame)
        except StylejaxError as problem:
            raise gr.Error(str(problem), duration=None, print_exception=False) from None
        finally:
            self._runs.pop(request.session_hash, None)

    def stop(self, request: gr.Request) -> None:
        """Stop this visitor's run, and keep its picture."""
        run = self._runs.get(request.session_hash)
        if run is not None:
            run.stop.set()


def _inputs() -> dict[str, Any]:
    usual = recipe_named("stylejax")
    inputs: dict[str, Any] = {
        "content": _undecoded(
            gr.Image(label="Photograph", type="filepath", height=260, sources=["upload", "clipboard"], elem_id="content")
        ),
        "styles": gr.Gallery(
            label="Styles, one or several", type="filepath", height=200, columns=3, interactive=True,
            file_types=["image"], sources=["upload"], elem_id="styles",
        ),
        "recipe": gr.Dropdown(list(get_args(RecipeName)), value="stylejax", label="Recipe"),
        "model": gr.Dropdown(_models(), value="auto", label="Network"),
        "size": gr.Slider(64, LARGEST_SIZE, int(usual.size), step=16, label="Size", info="long side in pixels"),
        "iterations": gr.Slider(5, 1000, usual.iterations, step=5, label="Steps at each scale"),
        "strength": gr.Slider(0, 1, usual.strength, step=0.05, label="Strength", info="from the photograph to the painting"),
        "content_weight": gr.Number(
            usual.content_weight, label="Content weight", info="higher keeps more of the photograph", minimum=0
        ),
    }  # fmt: skip
    with gr.Accordion("More settings", open=False):
        inputs["style_weight"] = gr.Number(usual.style_weight, label="Style weight", minimum=0)
        inputs["tv_weight"] = gr.Number(usual.tv_weight, label="Smoothness", info="weight of total variation", minimum=0)
        inputs["keep_color"] = gr.Radio(list(get_args(KeepColorName)), value="none", label="Keep the photograph's colors")
        inputs["style_blend"] = gr.Textbox("", label="Share of each style", placeholder="0.7,0.3", max_length=100)
        inputs["seed"] = gr.Number(0, label="Seed", precision=0, minimum=0)
    with gr.Accordion("Regions", open=False):
        gr.Markdown("With two styles: draw where the second one goes. Or upload a mask for each style, white where it goes.")
        brush = gr.Brush(default_size=40, colors=["#e0452b"], color_mode="fixed")
        inputs["drawn"] = gr.ImageEditor(
            label="Draw a region", type="numpy", image_mode="RGBA", sources=(), brush=brush, layers=False, transforms=(),
            buttons=[], height=320, elem_id="drawn",
        )  # fmt: skip
        inputs["masks"] = gr.File(label="Masks", file_count="multiple", file_types=["image"], type="filepath", height=120)
    return inputs


def _undecoded(image: gr.Image) -> gr.Image:
    """An input that hands over the file as it was uploaded: with its depth and profile, and undecoded until it is checked.

    Not a class of its own: Gradio writes a stub beside the source of each that it meets.
    """
    image.preprocess = lambda payload: None if payload is None else payload.path
    return image


def _outputs() -> dict[str, Any]:
    outputs: dict[str, Any] = {
        "picture": gr.Image(
            label="Picture", format="jpeg", interactive=False, buttons=["fullscreen"], elem_id="picture"
        )
    }  # fmt: skip
    outputs["status"] = gr.Markdown("", elem_id="status")
    with gr.Row():
        outputs["start"] = gr.Button("Paint", variant="primary")
        outputs["stop"] = gr.Button("Stop and keep")
        outputs["download"] = gr.DownloadButton("Download", interactive=False, elem_id="download")
    outputs["curves"] = gr.HTML(label="Losses")
    outputs["command"] = gr.Textbox(
        label="The same on the command line", lines=2, buttons=["copy"], interactive=False, visible=False, elem_id="command"
    )
    outputs["files"] = gr.File(label="Report and masks", file_count="multiple", interactive=False, visible=False)
    return outputs


def _run_of(values: tuple[Any, ...]) -> Run:
    content, styles, recipe, *rest = values
    if not content or not styles:
        raise StylejaxError("give a photograph and at least one style")
    options = dict(zip(FIELDS, rest[: len(FIELDS)], strict=True)) | {"recipe": recipe}
    for name in ("size", "iterations", "seed"):
        options[name] = int(options[name])
    options["size"] = min(options["size"], LARGEST_SIZE)
    drawn, masks = rest[len(FIELDS) :]
    region = np.asarray(drawn["layers"][0])[..., 3] if drawn and drawn["layers"] else None
    paths = [Path(path) for path, _ in styles]
    return Run(Path(content), paths, options, [Path(mask) for mask in masks or ()], region)


def _shown(frame: Frame) -> tuple:
    """Values of the outputs: picture, status, download, curves, command, files."""
    over = bool(frame.files)
    download = gr.DownloadButton(value=str(frame.files[0]), interactive=True) if over else gr.DownloadButton(interactive=False)
    files = gr.File(value=[str(file) for file in frame.files[1:]], visible=True) if over else gr.File(visible=False)
    command = gr.Textbox(value=frame.command, visible=over)
    return frame.picture, frame.status, download, _LEGEND + frame.curves, command, files


_LEGEND = (
    '<ul class="legend"><li>total</li><li class="content">content</li><li class="style">style</li><li class="tv">tv</li></ul>'
)


def _recipe_values(name: str) -> list[Any]:
    """The values of the fields in a recipe; a network that is not here becomes the one that is."""
    recipe = recipe_named(name)
    values = {field: getattr(recipe, field) for field in FIELDS}
    if values["model"] not in _models():
        values["model"] = "auto"
    return list(values.values())


def _models() -> list[str]:
    return ["auto", *(name for name in SOURCES if installed_path(name))]


def _canvas(content: str | None) -> dict[str, Any] | None:
    """The photograph as the ground to draw a region on; what is no photograph is refused at once."""
    try:
        if content:
            check_upload(Path(content))
    except StylejaxError as problem:
        raise gr.Error(str(problem), print_exception=False) from None
    return {"background": content, "layers": [], "composite": None} if content else None


def _theme() -> Base:
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


class Policy:
    """Middleware: browsers are to load nothing from, and to send nothing to, any other address."""

    def __init__(self, app: ASGIApp):
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers."""

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"content-security-policy", _POLICY.encode()),
                    (b"referrer-policy", b"no-referrer"),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        await self._app(scope, receive, send_with_policy)

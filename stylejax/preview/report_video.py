"""The report of a clip: an HTML file with a player, a slider over its frames, curves, settings and the command."""

import base64
import dataclasses
import shlex
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from stylejax.files.user_paths import user_path
from stylejax.images.resize import resize
from stylejax.images.sheet import evenly_spaced
from stylejax.preview.curves import frames_svg
from stylejax.preview.embed import data_uri
from stylejax.preview.report import check_report, environment_facts, link_to, save_page, style_pictures, title_of
from stylejax.preview.template import render_page
from stylejax.run.inputs.reader import ImageSource, given_source, named_picture
from stylejax.settings.recipes import changes_of, recipe_named
from stylejax.settings.record import recorded_settings
from stylejax.video.media.clip import Selection
from stylejax.video.media.open import open_clip
from stylejax.video.options import VideoOptions
from stylejax.video.progress import StylizedVideo

LARGEST_EMBEDDED = 8 << 20
"""Bytes up to which the video is part of the page; of a larger one the page has a link."""
MAX_FRAMES = 24
"""Frames to compare; an even sample of a longer clip."""
LONG_SIDE = 720
"""Of these frames, in pixels."""
QUALITY = 80
_TYPES = {".webm": "video/webm", ".mkv": "video/x-matroska"}


def write_video_report(
    path: str | Path,
    video: StylizedVideo,
    clip: str | Path,
    styles: Sequence[ImageSource],
    *,
    command: str = "",
    seconds: float | None = None,
) -> Path:
    """Write a page about a painted clip: the video, frames before and after, flicker, losses, settings, command, versions.

    Args:
        path: the `.html` file to write. It embeds everything, except for a large video, which it links to by a relative path.
        video: from `stylize_video`, at its place.
        clip: what it was painted from.
        styles: the style pictures.
        command: the command line that repeats the run.
        seconds: duration of the run.

    Raises:
        MissingExtraError: Jinja2 is not installed.
        StylejaxError: the path has another suffix or cannot be written, or the clip, the video or a style cannot be read.

    Example:
        >>> video = stylejax.stylize_video("waves.mp4", "starry_night.jpg", output="painted.mp4")  # doctest: +SKIP
        >>> stylejax.write_video_report("painted.html", video, "waves.mp4", ["starry_night.jpg"])  # doctest: +SKIP
    """
    path, clip = user_path(path), user_path(clip)
    check_report(path)
    pictures = [named_picture(given_source(source)) for source in styles]
    frames, (height, width) = _compared(video, clip)
    settings, usual = video.settings, recipe_named(video.settings.recipe)
    is_file = video.output.is_file()
    embedded = is_file and video.output.stat().st_size <= LARGEST_EMBEDDED
    link = link_to(video.output, path)
    took = [] if seconds is None else [f"{seconds:.0f} s"]
    scenes = f"{len(video.scenes)} scenes" if len(video.scenes) > 1 else "one scene"
    network = video.record["network"]
    facts = [f"{width}×{height}", f"{video.frames} frames in {scenes}", *took, network, f"recipe {settings.recipe}"]
    page = render_page(
        "report-video.html",
        style="look.css,made.css,curves.css,report.css",
        script="compare.js,frames.js,copy.js",
        media="data:" if embedded else "'self'",
        title=title_of(clip.name, pictures),
        facts=facts,
        notes=video.notes,
        player=_data_uri(video.output) if embedded else link if is_file else "",
        link=link,
        name=video.output.name,
        frames=frames,
        plots=_plots(video),
        given=style_pictures(pictures),
        command=[shlex.quote(word) for word in shlex.split(command)],
        options=_options(video.options),
        varied=[],
        recipe=settings.recipe,
        changed=[(name, value, getattr(usual, name)) for name, value in changes_of(settings).items()],
        settings=recorded_settings(settings),
        environment=environment_facts(network, seconds),
    )
    return save_page(path, page)


def _compared(video: StylizedVideo, clip: Path) -> tuple[list[dict[str, Any]], tuple[int, int]]:
    """Number, time and both pictures of an even sample of the frames, and the shape of the painted ones."""
    options = video.options
    originals = Selection(options.start, options.last, options.every).of(open_clip(clip, rate=options.fps))
    paintings = open_clip(video.output, rate=options.fps).frames(Fraction(0))
    wanted, compared, shape = set(evenly_spaced(range(1, video.frames + 1), MAX_FRAMES)), [], (0, 0)
    for number, original, painting in zip(range(1, video.frames + 1), originals, paintings, strict=False):
        if number in wanted:
            shape = painting.pixels.shape[:2]
            before, after = (frame.pixels.astype(np.float32) / 255 for frame in (original, painting))
            uris = {"before": _small(resize(before, *shape)), "after": _small(after)}
            compared.append({"number": number, "time": f"{float(original.time):.2f} s", **uris})
    return compared, shape


def _plots(video: StylizedVideo) -> list[dict[str, Any]]:
    """What changes from frame to frame: heading, text, legend and curves of each plot."""
    facts, scenes = video.facts, video.scenes
    ours, clip = _thousandths([each.flicker for each in facts]), _thousandths([each.clip_flicker for each in facts])
    flicker = [("style", "the painting, mean", _mean(ours)), ("content", "the clip, mean", _mean(clip))]
    loss = [("total", "last total loss", f"{facts[-1].total:.4g}")]
    steps = [("tv", "steps in all", str(sum(each.steps for each in facts)))]
    return [
        _plot("Flicker", frames_svg({"style": ours, "content": clip}, scenes, label="Flicker"), flicker)
        | {"text": "How far a frame is from the one before it, moved along with the clip: warping error, times 1000."},
        _plot("Losses", frames_svg({"total": [each.total for each in facts]}, scenes, label="Losses"), loss),
        _plot("Steps", frames_svg({"tv": [each.steps for each in facts]}, scenes, label="Steps"), steps),
    ]


def _plot(heading: str, curves: str, legend: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    return {"heading": heading, "text": "", "curves": curves, "legend": legend}


def _thousandths(errors: Sequence[float | None]) -> list[float | None]:
    return [None if each is None else 1000 * each for each in errors]


def _mean(values: Sequence[float | None]) -> str:
    found = [each for each in values if each is not None]
    return f"{np.mean(found):.3g}" if found else "–"


def _options(options: VideoOptions) -> dict[str, Any]:
    values = dataclasses.asdict(options)
    return values | {"long_term": " ".join(map(str, options.long_term))}


def _small(pixels: np.ndarray) -> str:
    return data_uri(pixels, long_side=LONG_SIDE, quality=QUALITY)


def _data_uri(video: Path) -> str:
    data = base64.b64encode(video.read_bytes()).decode()
    return f"data:{_TYPES.get(video.suffix.lower(), 'video/mp4')};base64,{data}"

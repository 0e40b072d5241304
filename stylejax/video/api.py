"""The public functions for clips: `stylize_video` and `stylize_videos`."""

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from stylejax.errors import SettingsError
from stylejax.files.user_paths import user_path
from stylejax.network.vgg import VGG19
from stylejax.run.inputs.reader import ImageSource
from stylejax.settings.recipes import settings_from
from stylejax.settings.settings import Settings
from stylejax.video.film import Film
from stylejax.video.media.clip import VideoError
from stylejax.video.options import VideoOptions
from stylejax.video.prepare import InputsReader, identity_of
from stylejax.video.progress import StylizedVideo, VideoInterrupted, VideoProgress
from stylejax.video.run import Stopped, VideoRun
from stylejax.video.steps import motion_finder


def stylize_video(
    clip: str | Path,
    *styles: ImageSource,
    output: str | Path,
    settings: Settings | None = None,
    video: VideoOptions | None = None,
    model: str | Path | VGG19 | None = None,
    observe: Callable[[VideoProgress], None] | None = None,
    warn: Callable[[str], None] | None = None,
    **options: Any,
) -> StylizedVideo:
    """Paint a clip: every frame from the painting before it, moved along, and held to that.

    Finished frames are kept in a folder beside the output until all are painted; the same call goes on from them, and ends
    with the same bytes.

    Args:
        clip: a video file, or a folder of frames.
        *styles: one style or several, mixed by `style_blend`.
        output: a video (.mp4, .mov, .mkv or .webm), or a folder for the frames.
        settings: as for `stylize`; `size` is that of the frames.
        video: which frames are painted, and how they hold together.
        model: as for `stylize`.
        observe: called with the `VideoProgress` after every few steps, and for each frame that is finished, or was before.
        warn: called with one line about each frame that cannot be decoded.
        **options: fields of `Settings` and of `VideoOptions` in place of those above.

    Raises:
        VideoError: the clip cannot be read, the video cannot be written, or the frames that are kept are of another run.
        MissingExtraError: PyAV or OpenCV is not installed.
        VideoInterrupted: on Ctrl-C; a `KeyboardInterrupt` whose result is a shorter video.
        StylejaxError: as for `stylize`.

    Example:
        >>> import stylejax
        >>> stylejax.stylize_video("waves.mp4", "starry_night.jpg", output="painted.mp4", size=480)  # doctest: +SKIP
    """
    return stylize_videos(
        [clip],
        *styles,
        outputs=[output],
        settings=settings,
        video=video,
        model=model,
        observe=observe,
        warn=warn,
        **options,
    )[0]


def stylize_videos(
    clips: Sequence[str | Path],
    *styles: ImageSource,
    outputs: Sequence[str | Path],
    settings: Settings | None = None,
    video: VideoOptions | None = None,
    model: str | Path | VGG19 | None = None,
    observe: Callable[[VideoProgress], None] | None = None,
    warn: Callable[[str], None] | None = None,
    **options: Any,
) -> list[StylizedVideo]:
    """Paint several clips as `stylize_video` paints one; `batch_size` says how many of their scenes side by side.

    All clips are opened before the first is painted, and the frames of all are kept until the last is finished.

    Args:
        clips: as `clip` of `stylize_video`.
        *styles: for all clips.
        outputs: as `output`, one for each clip.
        settings: as for `stylize_video`.
        video: likewise; in the folder `frames` each clip has one of its own, named as its output.
        model: likewise.
        observe: likewise.
        warn: likewise.
        **options: likewise.

    Raises:
        VideoInterrupted: on Ctrl-C; its results are shorter videos.
        StylejaxError: as for `stylize_video`, or there are not as many outputs as clips.
    """
    if not clips or len(clips) != len(outputs):
        raise VideoError(f"got {len(clips)} clips and {len(outputs)} outputs; give one output for each clip")
    if masks := sorted({"content_masks", "style_masks"} & set(options)):
        raise SettingsError(f"got {' and '.join(masks)}, but a clip has no regions; leave them out, or give a picture")
    own = {field.name for field in dataclasses.fields(VideoOptions)}
    video = dataclasses.replace(video or VideoOptions(), **{name: value for name, value in options.items() if name in own})
    if video.flow and len(clips) > 1:
        raise SettingsError(f"got {len(clips)} clips and flow {video.flow}, which is of one; give one clip, or no flow")
    if model is not None:
        options |= {"model": model.spec.name if isinstance(model, VGG19) else str(model)}
    chosen = settings_from({name: value for name, value in options.items() if name not in own}, base=settings)
    find, films = motion_finder(video), []
    reader = InputsReader(styles, chosen, video, network=model, warn=warn or (lambda problem: None))
    for number, (clip, output) in enumerate(zip(clips, outputs, strict=True), start=1):
        source, place = user_path(clip, error=VideoError), user_path(output, error=VideoError)
        films.append(Film(reader.read(source, place, alone=len(clips) == 1), number))
    with ExitStack() as claims:
        for film in films:
            claims.enter_context(film.inputs.store.claimed(identity_of(film.inputs)))
        try:
            VideoRun(films, find, observe or (lambda progress: None)).paint()
        except Stopped:
            raise VideoInterrupted([_result(film) for film in films if film.painted.frames]) from None
        for film in films:
            if film.inputs.passing:
                film.inputs.store.remove()
    return [_result(film) for film in films]


def _result(film: Film) -> StylizedVideo:
    inputs, painted = film.inputs, film.painted
    return StylizedVideo(
        output=inputs.place,
        frames=painted.frames,
        scenes=painted.scenes,
        facts=painted.facts,
        kept=inputs.store.folder if inputs.store.folder.exists() else None,
        settings=inputs.settings,
        options=inputs.options,
        record=inputs.record,
        notes=tuple(dict.fromkeys(inputs.notes)),
    )

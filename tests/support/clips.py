"""Clips for tests: drawn frames, and video files with what phones and editors put into them."""

import math
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from stylejax.images.io.write import write_picture
from stylejax.samples import paint_glass, paint_strokes, paint_waves
from stylejax.samples.camera import Drawn, draw_clip
from stylejax.video.media.store import FrameFacts
from stylejax.video.progress import VideoProgress

HEIGHT, WIDTH = 48, 64


def two_scenes(frames: int) -> list[Drawn]:
    """So many frames of each of two scenes, 48×64 pixels."""
    scenes = [paint_strokes(96, 128), paint_waves(96, 128)[::-1].copy()]
    disk = paint_glass(HEIGHT, WIDTH)
    return [frame for scene in scenes for frame in draw_clip(scene, disk, height=HEIGHT, width=WIDTH, frames=frames)]


def write_frames(folder: Path, frames: Sequence[np.ndarray]) -> Path:
    """The frames as pictures in a folder."""
    for number, frame in enumerate(frames, start=1):
        write_picture(folder / f"frame{number}.png", frame)
    return folder


def write_clip(
    path: Path,
    frames: Sequence[np.ndarray],
    *,
    times: Sequence[int] | None = None,
    rotation: int = 0,
    sound: bool = False,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    transfer: int | None = None,
    quality: int = 4,
) -> Path:
    """A video of frames `[height, width, 3]` in [0, 1], ten a second, or at `times` in hundredths of a second."""
    import av

    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=10)
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], pixel_format
        stream.codec_context.time_base = Fraction(1, 100)
        if codec == "libx264":
            stream.options = {"crf": str(quality)}
        if transfer:
            stream.codec_context.color_trc = transfer
        if rotation:
            stream.set_display_rotation(rotation)
        voice = output.add_stream("aac", rate=44_100) if sound else None
        for number, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(np.rint(255 * frame).astype(np.uint8), format="rgb24")
            picture.pts, picture.time_base = times[number] if times else 10 * number, Fraction(1, 100)
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
        if voice:
            tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(4410 * len(frames)) / 44_100)
            samples = av.AudioFrame.from_ndarray(tone.astype(np.float32)[np.newaxis], format="flt", layout="mono")
            samples.sample_rate, samples.pts = 44_100, 0
            output.mux(voice.encode(samples))
            output.mux(voice.encode(None))
    return path


def flat(*colors: tuple[float, float, float], height: int = HEIGHT, width: int = WIDTH) -> list[np.ndarray]:
    """Frames of one color each, with a white corner at the top left."""
    frames = [np.full((height, width, 3), color, np.float32) for color in colors]
    for frame in frames:
        frame[: height // 2, : width // 2] = 1
    return frames


def sound_seconds(path: Path) -> float:
    """How long the sound of a video is; 0 without any."""
    import av

    with av.open(str(path)) as clip:
        return sum(frame.samples / frame.sample_rate for frame in clip.decode(audio=0)) if clip.streams.audio else 0.0


def frame_progress(
    frame: int,
    *,
    painting: np.ndarray,
    content: np.ndarray,
    step: int,
    steps: int = 4,
    frames: int = 9,
    before: bool = False,
    clip: int = 1,
    clips: int = 1,
) -> VideoProgress:
    """The progress of a frame without painting it: finished after all steps, or `before` by an earlier run."""
    losses = {} if before else {"total": 2.0 * frame, "content": 1.0, "style": 1.0, "tv": 1.0, "temporal": 0.5}
    height, width = painting.shape[:2]
    place = {"scale": 1, "height": height, "width": width, "step": step - 1}
    return VideoProgress(
        clip=clip,
        clips=clips,
        frame=frame,
        frames=frames,
        scene=1,
        height=height,
        width=width,
        step=step,
        steps=steps,
        fraction=(frame - 1 + step / steps) / frames,
        seconds_left=math.inf if frame == 1 else 3700.0,
        losses=losses,
        records=[place | losses] if losses else [],
        content=content,
        picture=lambda: painting,
        facts=FrameFacts(steps, 2.0 * frame, None, None) if step == steps else None,
    )

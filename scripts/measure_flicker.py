"""How much a painted clip flickers: the warping error of the clip, of frames painted one by one, and of `stylejax video`.

    python scripts/measure_flicker.py --frames 24 --size 320                       a drawn clip, whose motion is known exactly
    python scripts/measure_flicker.py --clip bikes.mp4 --frames 24 --size 320      a clip of yours

The warping error (`stylejax.video.motion.flicker`) is the mean over neighboring frames, under the motion of the *clip*: the
exact one of a drawn clip, DIS flow otherwise; times 1000.

Also writes the frames, a strip of them and an animated picture to the folder `--output`. Takes about a quarter of an hour for
24 frames of 320 pixels on two cores with the small network.
"""

import argparse
import time
from collections.abc import Sequence
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

import stylejax
from stylejax.images.io.write import write_picture
from stylejax.images.resize import resize
from stylejax.images.sheet import contact_sheet
from stylejax.samples import PAINTINGS, demo_photograph
from stylejax.samples.camera import draw_clip
from stylejax.types import HostImage
from stylejax.video.media.clip import ClipFrame
from stylejax.video.media.encode import VideoFormat, encoding
from stylejax.video.media.folder import FrameFolder
from stylejax.video.media.open import open_clip
from stylejax.video.motion.estimate import estimate_motion
from stylejax.video.motion.flicker import warping_error
from stylejax.video.motion.trust import trust_of
from stylejax.video.motion.warp import Flow

RATE = 12


class Pair(NamedTuple):
    """The motion of the clip from one frame to the next."""

    backward: Flow
    seen: np.ndarray
    """Which pixels both frames show."""


def flicker(frames: Sequence[HostImage], pairs: Sequence[Pair]) -> float:
    errors = [
        warping_error(before, after, pair.backward, pair.seen)
        for (before, after), pair in zip(pairwise(frames), pairs, strict=True)
    ]
    return 1000 * float(np.mean([error for error in errors if error is not None]))


def drawn(count: int, size: int) -> tuple[list[HostImage], list[Pair]]:
    """Frames of the drawn clip, and its exact motion."""
    height, width = 9 * size // 16 // 2 * 2, size
    scene = resize(demo_photograph("coffee"), int(1.7 * height), int(1.7 * width))
    clip = draw_clip(scene, resize(demo_photograph(), height, width), height=height, width=width, frames=count)
    return [frame.pixels for frame in clip], [Pair(frame.backward, frame.seen) for frame in clip[1:]]


def read(path: Path, count: int, size: int) -> list[HostImage]:
    """The first frames of a clip, at a long side of `size`."""
    clip = open_clip(path, rate=RATE)
    scale = size / max(clip.facts.height, clip.facts.width)
    shape = [2 * round(scale * side / 2) for side in (clip.facts.height, clip.facts.width)]
    return [resize(frame.pixels.astype(np.float32) / 255, *shape) for frame in islice(clip.frames(Fraction(0)), count)]


def estimated(frames: Sequence[HostImage]) -> list[Pair]:
    motions = [estimate_motion(before, after) for before, after in pairwise(frames)]
    return [Pair(motion.backward, trust_of(*motion) > 0) for motion in motions]


def paint_one_by_one(frames: Sequence[HostImage], style: HostImage, options: dict) -> list[HostImage]:
    return [stylejax.stylize(frame, style, **options).image for frame in frames]


def paint_clip(clip: Path, style: HostImage, folder: Path, options: dict) -> list[HostImage]:
    stylejax.stylize_video(clip, style, output=folder, **options)
    pixels = (frame.pixels for frame in FrameFolder(folder, rate=RATE).frames(Fraction(0)))
    return [each.astype(np.float32) / 255 for each in pixels]


def animate(path: Path, rows: Sequence[Sequence[HostImage]], width: int) -> None:
    """An animated picture of several clips side by side."""
    height = round(rows[0][0].shape[0] * width / rows[0][0].shape[1])
    frames = [np.concatenate([resize(each, height, width) for each in column], 1) for column in zip(*rows, strict=True)]
    images = [Image.fromarray(np.rint(255 * frame).astype(np.uint8)) for frame in frames]
    images[0].save(path, save_all=True, append_images=images[1:], duration=1000 // RATE, loop=0, quality=50, method=6)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clip", type=Path, help="a clip of yours in place of the drawn one")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--size", type=int, default=320)
    parser.add_argument("--style", choices=PAINTINGS, default="strokes")
    parser.add_argument("--model", default="vgg19-slim")
    parser.add_argument("--temporal-weight", type=float, nargs="+", default=[stylejax.VideoOptions().temporal_weight])
    parser.add_argument("--frame-iterations", type=int, nargs="+", default=[0])
    parser.add_argument("--output", type=Path, default=Path("flicker"))
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    exact: list[Pair] | None = None
    if arguments.clip is None:
        frames, exact = drawn(arguments.frames, arguments.size)
    else:
        frames = read(arguments.clip, arguments.frames, arguments.size)
    height, width = frames[0].shape[:2]
    clip = arguments.output / "clip.mp4"
    with encoding(clip, VideoFormat(height, width, Fraction(RATE), Fraction(1, RATE), quality=8)) as encoder:
        for number, frame in enumerate(frames):
            encoder.write(ClipFrame(Fraction(number, RATE), np.rint(255 * frame).astype(np.uint8)))
        encoder.finish(Fraction(len(frames), RATE))
    frames = [frame.pixels.astype(np.float32) / 255 for frame in open_clip(clip, rate=RATE).frames(Fraction(0))]
    style = PAINTINGS[arguments.style](360, 480)
    options = {"size": max(height, width), "model": arguments.model}
    found = estimated(frames)
    rows: dict[str, tuple[list[HostImage], float]] = {"the clip": (frames, 0.0)}
    began = time.monotonic()
    rows["frames painted one by one"] = paint_one_by_one(frames, style, options), time.monotonic() - began
    for weight in arguments.temporal_weight:
        for steps in arguments.frame_iterations:
            name = f"`stylejax video`, weight {weight:g}, {steps or 'a sixth of the'} steps a frame"
            folder = arguments.output / f"painted-{weight:g}-{steps}"
            own = options | {"temporal_weight": weight, "frame_iterations": steps}
            began = time.monotonic()
            rows[name] = paint_clip(clip, style, folder, own), time.monotonic() - began
    flows = "exact flow | DIS flow" if exact else "DIS flow"
    print(f"\n| {len(frames)} frames of {width}×{height} | {flows} | of one by one | s a frame |")
    print(f"|---|{'---|' if exact else ''}---|---|---|")
    alone = flicker(rows["frames painted one by one"][0], exact or found)
    for name, (pictures, seconds) in rows.items():
        errors = [flicker(pictures, pairs) for pairs in ([exact, found] if exact else [found])]
        text = " | ".join(f"{error:.2f}" for error in errors)
        print(f"| {name} | {text} | {errors[0] / alone:.0%} | {seconds / len(frames):.1f} |")
    chosen = [list(rows)[number] for number in (0, 1, -1)]
    columns = np.linspace(0, len(frames) - 1, 4).round().astype(int)
    sheet = [[(f"{name.split(',')[0]}, {column + 1}", rows[name][0][column]) for column in columns] for name in chosen]
    write_picture(arguments.output / "strip.jpg", contact_sheet(sheet), quality=80)
    animate(arguments.output / "clip.webp", [rows[name][0] for name in chosen], 240)


if __name__ == "__main__":
    main()

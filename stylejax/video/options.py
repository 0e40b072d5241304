"""Options of a painted clip: the source of the flags of `stylejax video` and of `stylize_video`."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import tyro

from stylejax.choices import BatchSize
from stylejax.errors import SettingsError


@dataclass(frozen=True)
class VideoOptions:
    """Which frames are painted, how they hold together, and how they are written."""

    about_clip: ClassVar = "Which frames are painted."

    start: Annotated[float, tyro.conf.arg(name="from")] = 0.0
    """Where to begin, in seconds."""

    end: Annotated[float | None, tyro.conf.arg(name="to", help_behavior_hint="(default: the end of the clip)")] = None
    """Where to end, in seconds."""

    every: int = 1
    """Paint only every so many frames: 2 halves the frame rate."""

    preview: float = 0.0
    """Paint only so many seconds, to see the look; the same command without it goes on from there. 0 for all."""

    fps: float = 25.0
    """Frames a second of a clip that is a folder of frames."""

    about_motion: ClassVar = "How a frame follows from those before it."

    temporal_weight: float = 400.0
    """Weight of the motion, relative to the loss that the first frame of a scene ends with: raise it against flicker, lower it
    for fresher strokes; 0 paints each frame from the one before without holding it there."""

    frame_iterations: int = 0
    """Steps of each frame after the first of a scene, at the full size only; 0 for a sixth of those of the first."""

    long_term: tuple[int, ...] = (1,)
    """Which frames before are held to, counted back: `1 4 16` also remembers what was hidden for a while. The nearest that
    shows a pixel counts."""

    cuts: bool = True
    """Find the cuts of the clip and begin anew at each."""

    flow: Path | None = None
    """Folder with optical flows from elsewhere, `forward_1_2.flo` and `backward_2_1.flo` for the frames 1 and 2, in place of
    those that OpenCV finds."""

    batch_size: BatchSize = "auto"
    """Scenes, of one clip or several, that are painted side by side in one program; `auto` for one after the other on CPUs,
    where more are no faster, and for as many as fit into memory and are of use elsewhere."""

    about_file: ClassVar = "Which files are written, and how."

    frames: Path | None = None
    """Keep the finished frames in this folder, as PNG. By default they are beside the output until it is finished; the same
    command goes on from them."""

    sound: bool = True
    """Keep the sound of the clip."""

    codec: str = ""
    """Encoder of FFmpeg; by default `libx264`, and `libvpx-vp9` for .webm."""

    quality: int = 18
    """Constant rate factor of the encoder: 0 to 63, smaller is better."""

    def __post_init__(self):
        """Raise SettingsError, naming the option, its value and what it may be."""
        object.__setattr__(self, "long_term", tuple(sorted(set(self.long_term))))
        numbers = {"start": (0, math.inf), "preview": (0, math.inf), "fps": (0.01, 1000), "every": (1, math.inf)}
        numbers |= {"temporal_weight": (0, 1e9), "frame_iterations": (0, 1_000_000)}
        numbers |= {"quality": (0, 63)}
        for name, (low, high) in numbers.items():
            value, kind = getattr(self, name), int if isinstance(getattr(VideoOptions, name), int) else int | float
            if not (isinstance(value, kind) and low <= value <= high):
                wanted = "a whole number" if kind is int else "a number"
                limits = f"{wanted}, at least {low:g}" if high == math.inf else f"{wanted} from {low:g} to {high:g}"
                raise SettingsError(f"{_flag(name)} is {value}; it must be {limits}")
        if self.batch_size != "auto" and not (isinstance(self.batch_size, int) and 1 <= self.batch_size <= 4096):
            raise SettingsError(f"batch_size is {self.batch_size}; it must be a whole number from 1 to 4096, or auto")
        if self.end is not None and self.end <= self.start:
            raise SettingsError(f"got to {self.end:g} and from {self.start:g}; the end must be after the beginning")
        if not self.long_term or self.long_term[0] != 1:
            raise SettingsError(f"long_term is {' '.join(map(str, self.long_term))}; it must contain 1, the frame before")

    @property
    def last(self) -> float:
        """Seconds at which painting ends."""
        end = math.inf if self.end is None else self.end
        return min(end, self.start + self.preview) if self.preview else end


def _flag(name: str) -> str:
    return {"start": "from", "end": "to"}.get(name, name)

"""stylejax: neural style transfer on JAX.

`stylize`, `stylize_batch` and `sweep` stylize pictures; `stylize_table` processes tables and folders, and `stylize_video` and
`stylize_videos` paint clips. `load_model`, `make_targets` and `objective` are building blocks for other JAX programs.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stylejax.batch.api import TableRun, stylize_table
    from stylejax.batch.input.table import BadRowsError
    from stylejax.batch.options import BatchOptions
    from stylejax.batch.records import JobSpec, RowFailure, RowResult
    from stylejax.errors import StylejaxError
    from stylejax.losses.objective import FrameTerms, LossWeights, Terms, objective
    from stylejax.losses.spec import ObjectiveSpec
    from stylejax.losses.targets import Targets, make_targets
    from stylejax.losses.temporal import TemporalTarget
    from stylejax.network.vgg import VGG19
    from stylejax.preview.report import write_report
    from stylejax.preview.report_video import write_video_report
    from stylejax.run.api import stylize, stylize_batch
    from stylejax.run.checkpoint.checkpoint import Checkpoint
    from stylejax.run.progress import Progress
    from stylejax.run.result import StylizedImage, StylizeInterrupted
    from stylejax.run.sweep import sweep
    from stylejax.settings.settings import Settings
    from stylejax.version import VERSION
    from stylejax.video.api import stylize_video, stylize_videos
    from stylejax.video.options import VideoOptions
    from stylejax.video.progress import StylizedVideo, VideoInterrupted, VideoProgress
    from stylejax.weights.load import load_model

    __version__ = VERSION

__all__ = [
    "VGG19",
    "BadRowsError",
    "BatchOptions",
    "Checkpoint",
    "FrameTerms",
    "JobSpec",
    "LossWeights",
    "ObjectiveSpec",
    "Progress",
    "RowFailure",
    "RowResult",
    "Settings",
    "StylejaxError",
    "StylizeInterrupted",
    "StylizedImage",
    "StylizedVideo",
    "TableRun",
    "Targets",
    "TemporalTarget",
    "Terms",
    "VideoInterrupted",
    "VideoOptions",
    "VideoProgress",
    "__version__",
    "load_model",
    "make_targets",
    "objective",
    "stylize",
    "stylize_batch",
    "stylize_table",
    "stylize_video",
    "stylize_videos",
    "sweep",
    "write_report",
    "write_video_report",
]

_HOMES = {
    "batch.api": ("TableRun", "stylize_table"),
    "batch.options": ("BatchOptions",),
    "batch.records": ("JobSpec", "RowFailure", "RowResult"),
    "batch.input.table": ("BadRowsError",),
    "errors": ("StylejaxError",),
    "losses.objective": ("FrameTerms", "LossWeights", "Terms", "objective"),
    "losses.spec": ("ObjectiveSpec",),
    "losses.targets": ("Targets", "make_targets"),
    "losses.temporal": ("TemporalTarget",),
    "weights.load": ("load_model",),
    "network.vgg": ("VGG19",),
    "run.checkpoint.checkpoint": ("Checkpoint",),
    "run.result": ("StylizeInterrupted", "StylizedImage"),
    "run.progress": ("Progress",),
    "settings.settings": ("Settings",),
    "run.api": ("stylize", "stylize_batch"),
    "run.sweep": ("sweep",),
    "preview.report": ("write_report",),
    "preview.report_video": ("write_video_report",),
    "video.api": ("stylize_video", "stylize_videos"),
    "video.options": ("VideoOptions",),
    "video.progress": ("StylizedVideo", "VideoInterrupted", "VideoProgress"),
}
"""Modules of the public names. Each module is imported when one of its names is first used, because JAX takes seconds."""


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name == "__version__":
        from stylejax.version import VERSION

        return VERSION
    for home, names in _HOMES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f"stylejax.{home}"), name)
            return value
    raise AttributeError(f"module 'stylejax' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

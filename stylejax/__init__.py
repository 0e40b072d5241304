"""stylejax: neural style transfer on JAX.

`stylize`, `stylize_batch` and `sweep` paint pictures, `stylize_table` as many as a table or a folder has. `load_model`,
`make_targets` and `objective` are the pure functions underneath, for use inside other JAX programs.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stylejax.batch.door import RowOutcome, TableRun, stylize_table
    from stylejax.batch.options import BatchOptions
    from stylejax.batch.table import BadRowsError
    from stylejax.errors import StylejaxError
    from stylejax.losses.objective import ObjectiveSpec, Targets, Terms, Weights, make_targets, objective
    from stylejax.model.load import load_model
    from stylejax.model.vgg import VGG19
    from stylejax.optimize.checkpoint import Checkpoint
    from stylejax.optimize.painting import Painting
    from stylejax.optimize.progress import Progress
    from stylejax.optimize.settings import Settings
    from stylejax.optimize.stylize import PaintingInterrupted, stylize, stylize_batch
    from stylejax.optimize.sweep import sweep
    from stylejax.preview.report import write_report
    from stylejax.version import VERSION

    __version__ = VERSION

__all__ = [
    "VGG19",
    "BadRowsError",
    "BatchOptions",
    "Checkpoint",
    "ObjectiveSpec",
    "Painting",
    "PaintingInterrupted",
    "Progress",
    "RowOutcome",
    "Settings",
    "StylejaxError",
    "TableRun",
    "Targets",
    "Terms",
    "Weights",
    "__version__",
    "load_model",
    "make_targets",
    "objective",
    "stylize",
    "stylize_batch",
    "stylize_table",
    "sweep",
    "write_report",
]

_HOMES = {
    "batch.door": ("RowOutcome", "TableRun", "stylize_table"),
    "batch.options": ("BatchOptions",),
    "batch.table": ("BadRowsError",),
    "errors": ("StylejaxError",),
    "losses.objective": ("ObjectiveSpec", "Targets", "Terms", "Weights", "make_targets", "objective"),
    "model.load": ("load_model",),
    "model.vgg": ("VGG19",),
    "optimize.checkpoint": ("Checkpoint",),
    "optimize.painting": ("Painting",),
    "optimize.progress": ("Progress",),
    "optimize.settings": ("Settings",),
    "optimize.stylize": ("PaintingInterrupted", "stylize", "stylize_batch"),
    "optimize.sweep": ("sweep",),
    "preview.report": ("write_report",),
}
"""The modules that have the public names. Each is imported when one of its names is first used: JAX takes seconds."""


def __getattr__(name: str) -> Any:
    """A public name (PEP 562)."""
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

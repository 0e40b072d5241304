"""stylejax: neural style transfer on JAX.

`stylize`, `stylize_batch` and `sweep` paint pictures. `load_model`, `make_targets` and `objective` are the pure functions
underneath, for use inside other JAX programs.
"""

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
    "Checkpoint",
    "ObjectiveSpec",
    "Painting",
    "PaintingInterrupted",
    "Progress",
    "Settings",
    "StylejaxError",
    "Targets",
    "Terms",
    "Weights",
    "__version__",
    "load_model",
    "make_targets",
    "objective",
    "stylize",
    "stylize_batch",
    "sweep",
    "write_report",
]

"""What is compared: settings of stylejax on one side, the formula that they stand for on the other.

A row of `OBJECTIVES` is a published recipe or one choice of the default one. To add a recipe, add a row.
"""

from dataclasses import dataclass, field
from typing import Any

from reference import formulas
from reference.formulas import Formula
from reference.network import Network

SIZES = {"64×48": (48, 64), "71×57": (57, 71)}
"""Heights and widths of the pictures that are painted: one even, one odd; styles have shapes of their own."""

STYLE_SIZES = ((52, 39), (33, 80))

NETWORKS = (
    Network("oxford"),
    Network("torchvision"),
    Network("oxford", pooling="average"),
    Network("torchvision", pooling="average-rescaled"),
    Network("oxford", pooling="l2"),
    Network("torchvision", pooling="l2-rescaled"),
    Network("oxford", padding="replicate"),
    Network("torchvision", padding="reflect"),
    Network("torchvision", padding="replicate-conv1_1"),
)
"""Networks whose features are compared at every ReLU."""

STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


@dataclass(frozen=True)
class Case:
    """One objective, said twice."""

    name: str
    options: dict[str, Any]
    """Settings of stylejax."""
    formula: Formula
    """What they mean."""
    network: Network = field(default_factory=Network)
    shares: tuple[float, ...] = (1.0,)
    """Shares of the styles, as many as styles."""
    sizes: tuple[str, ...] = tuple(SIZES)
    adam: bool = False
    """Whether Adam's iterates are compared too."""


def _relative(**changes: Any) -> Formula:
    """The default recipe of stylejax, or one choice of it changed."""
    default = {
        "content": {"relu4_2": 0.05},
        "style": dict.fromkeys(STYLE_LAYERS, 1.0),
        "variation": 5.0,
        "content_distance": formulas.relative_mean_squares,
        "measure": formulas.gram_and_mean,
        "style_distance": formulas.relative_mean_squares,
    }
    return Formula(**default | changes)


_DEFAULT = {"content_weight": 0.05, "tv_weight": 5.0, "style_loss": "gram+mean", "padding": "replicate"}
_REPLICATE = Network(padding="replicate")

OBJECTIVES = (
    Case("relative Gram and mean", _DEFAULT, _relative(), _REPLICATE, adam=True),
    Case("the same, Oxford", _DEFAULT, _relative(), Network("oxford", padding="replicate"), adam=True),
    Case(
        "several styles",
        _DEFAULT,
        _relative(),
        _REPLICATE,
        shares=(0.7, 0.3),
    ),
    Case(
        "plain Gram, weighted layers, average pooling, absolute variation",
        {
            **_DEFAULT,
            "content_layers": "conv4_2=2,relu3_2=.5",
            "style_layers": "conv1_1=.2,relu2_2=.3,conv3_1",
            "style_weight": 10.0,
            "style_loss": "gram",
            "normalization": "mean",
            "variation": "absolute",
            "tv_weight": 1e-3,
            "pooling": "average",
            "padding": "zero",
        },
        Formula(
            content={"conv4_2": 0.1, "relu3_2": 0.025},
            style={"conv1_1": 2.0, "relu2_2": 3.0, "conv3_1": 10.0},
            variation=1e-3,
            variation_of=formulas.absolute_variation,
        ),
        Network("oxford", pooling="average"),
    ),
    Case(
        "Wasserstein, nine-point variation",
        {
            **_DEFAULT,
            "style_loss": "wasserstein",
            "normalization": "mean",
            "variation": "nine-point",
            "padding": "replicate-conv1_1",
        },
        Formula(
            content={"relu4_2": 0.05},
            style=dict.fromkeys(STYLE_LAYERS, 1.0),
            variation=5.0,
            measure=formulas.mean_and_covariance,
            style_distance=formulas.wasserstein,
            variation_of=formulas.nine_point_variation,
        ),
        Network(padding="replicate-conv1_1"),
    ),
    Case(
        "relative Wasserstein, rescaled L2 pooling",
        {**_DEFAULT, "style_loss": "wasserstein", "pooling": "l2-rescaled"},
        _relative(measure=formulas.mean_and_covariance, style_distance=formulas.relative_wasserstein),
        Network(pooling="l2-rescaled", padding="replicate"),
        sizes=("71×57",),
    ),
    Case(
        "relative moments, reflect padding",
        {**_DEFAULT, "style_loss": "moments", "padding": "reflect"},
        _relative(measure=formulas.mean_and_deviation),
        Network(padding="reflect"),
    ),
)

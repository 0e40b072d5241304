"""Table of comparisons: settings of stylejax, and the equivalent formula.

Each row of `OBJECTIVES` is a published recipe, or an objective of stylejax with one option changed. To add a recipe, add a row.
"""

from dataclasses import dataclass, field
from typing import Any

from reference import formulas
from reference.formulas import Formula
from reference.network import Network

SIZES = {"64×48": (48, 64), "71×57": (57, 71)}
"""Heights and widths of the pictures, even and odd. Styles have other shapes."""

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
    """One objective, as settings and as a formula."""

    name: str
    options: dict[str, Any]
    """Settings of stylejax."""
    formula: Formula
    """The equivalent formula."""
    network: Network = field(default_factory=Network)
    shares: tuple[float, ...] = (1.0,)
    """Shares of the styles, one per style."""
    adam: bool = False
    """Whether iterates of Adam are also compared."""
    space: tuple[tuple[float, ...], tuple[float, ...]] = ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    """Scale and offset for red, green and blue of the optimized variable: picture = scale · variable + offset."""
    clamp: bool = True
    """Whether Adam clamps the picture to [0, 1]."""
    stretched: bool = False
    """Whether the style is resized to the content's shape."""

    @property
    def sizes(self) -> tuple[str, ...]:
        """The size that no pooling divides, and for cases with Adam also one that all poolings divide."""
        return tuple(SIZES) if self.adam else tuple(SIZES)[-1:]


_PLAIN = {"octaves": 1, "content_norm": "none", "detail": 0.0, "init": "content"}
"""Settings that disable extensions of the published methods."""

_GRAM_AND_MEAN = {
    **_PLAIN,
    "content_layers": "relu4_2",
    "style_layers": ",".join(STYLE_LAYERS),
    "content_weight": 0.05,
    "tv_weight": 5.0,
    "style_loss": "gram+mean",
    "padding": "replicate",
}


def _relative(**changes: Any) -> Formula:
    """The formula of `_GRAM_AND_MEAN`, with optional changes."""
    fields = {
        "content": {"relu4_2": 0.05},
        "style": dict.fromkeys(STYLE_LAYERS, 1.0),
        "variation": 5.0,
        "content_distance": formulas.relative_mean_squares,
        "measure": formulas.gram_and_mean,
        "style_distance": formulas.relative_mean_squares,
    }
    return Formula(**fields | changes)


_COVARIANCE = {
    "content_layers": "relu3_1=1,relu4_1=1.5",
    "content_norm": "instance",
    "style_layers": "pixels=6,relu1_1=3,relu2_1=3,relu3_1=1.5,relu4_1=3",
    "style_loss": "covariance",
    "octaves": 3,
    "content_weight": 1 / 64,
    "tv_weight": 10.0,
    "padding": "replicate",
    "learning_rate": 1 / 64,
    "beta1": 7 / 8,
    "beta2": 127 / 128,
}
"""Components of the default objective. Its numbers, also after division by the number of octaves, are exact in float32, in
which stylejax stores them: the discontinuities of maxima and ReLUs would amplify the smallest difference between two runs of
Adam."""


def _covariance(**changes: Any) -> Formula:
    """The formula of `_COVARIANCE`, with optional changes."""
    fields = {
        "content": {"relu3_1": 1 / 64, "relu4_1": 1.5 / 64},
        "style": {"pixels": 6.0, "relu1_1": 3.0, "relu2_1": 3.0, "relu3_1": 1.5, "relu4_1": 3.0},
        "variation": 10.0,
        "content_of": formulas.instance_normalized,
        "content_distance": formulas.relative_mean_squares,
        "measure": formulas.mean_and_covariance,
        "mixed": formulas.mixed_mean_and_covariance,
        "style_distance": formulas.relative_covariance,
        "octaves": 3,
    }
    return Formula(**fields | changes)


_UNDER_ADAM = {"optimizer": "adam", "clamp": False}
"""Settings for recipes with L-BFGS, which are compared with Adam: two line searches diverge after the first rounding error."""
_CAFFE = ((1 / 255,) * 3, (123.68 / 255, 116.779 / 255, 103.939 / 255))
_REPLICATE = Network(padding="replicate")

OBJECTIVES = (
    Case("relative Gram and mean", _GRAM_AND_MEAN, _relative(), _REPLICATE, adam=True),
    Case("the same, Oxford", _GRAM_AND_MEAN, _relative(), Network("oxford", padding="replicate"), adam=True),
    Case("several styles", _GRAM_AND_MEAN, _relative(), _REPLICATE, shares=(0.7, 0.3)),
    Case("covariance at octaves", _COVARIANCE, _covariance(), _REPLICATE, adam=True),
    Case(
        "covariance at octaves, zero padding, Oxford",
        {**_COVARIANCE, "octaves": 2, "padding": "zero"},
        _covariance(octaves=2),
        Network("oxford"),
    ),
    Case("covariance, several styles", _COVARIANCE, _covariance(), _REPLICATE, shares=(0.7, 0.3)),
    Case("covariance, half the strength", {**_COVARIANCE, "strength": 0.5}, _covariance(strength=0.5), _REPLICATE),
    Case(
        "covariance, several styles, a fifth of the strength",
        {**_COVARIANCE, "strength": 0.2, "octaves": 2},
        _covariance(strength=0.2, octaves=2),
        _REPLICATE,
        shares=(0.25, 0.75),
    ),
    Case(
        "plain covariance, content by its pixels",
        {**_COVARIANCE, "content_layers": "pixels=1", "style_weight": 100.0, "normalization": "mean"},
        _covariance(
            content={"pixels": 1 / 64},
            style={"pixels": 600.0, "relu1_1": 300.0, "relu2_1": 300.0, "relu3_1": 150.0, "relu4_1": 300.0},
            content_distance=formulas.mean_squares,
            style_distance=formulas.mean_squares,
        ),
        _REPLICATE,
    ),
    Case(
        "plain Gram, weighted layers, average pooling, absolute variation",
        {
            **_GRAM_AND_MEAN,
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
            **_GRAM_AND_MEAN,
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
        {**_GRAM_AND_MEAN, "style_loss": "wasserstein", "pooling": "l2-rescaled"},
        _relative(measure=formulas.mean_and_covariance, style_distance=formulas.relative_wasserstein),
        Network(pooling="l2-rescaled", padding="replicate"),
    ),
    Case(
        "relative Wasserstein at octaves, several styles",
        {**_COVARIANCE, "style_loss": "wasserstein", "octaves": 2},
        _covariance(style_distance=formulas.relative_wasserstein, octaves=2),
        _REPLICATE,
        shares=(0.4, 0.6),
    ),
    Case(
        "relative moments, reflect padding",
        {**_GRAM_AND_MEAN, "style_loss": "moments", "padding": "reflect"},
        _relative(measure=formulas.mean_and_deviation, style_distance=formulas.relative_moments),
        Network(padding="reflect"),
    ),
    Case(
        "relative moments at octaves, reflect padding, several styles",
        {**_COVARIANCE, "style_loss": "moments", "padding": "reflect"},
        _covariance(
            measure=formulas.mean_and_deviation,
            mixed=formulas.mixed_mean_and_deviation,
            style_distance=formulas.relative_moments,
        ),
        Network(padding="reflect"),
        shares=(0.4, 0.6),
    ),
    Case(
        "relative Gram and moments at octaves",
        {**_GRAM_AND_MEAN, "style_loss": "gram+moments", "moments_weight": 2.0, "octaves": 2},
        _relative(measure=formulas.gram_mean_and_deviation, style_distance=formulas.relative_gram_and_moments, octaves=2),
        _REPLICATE,
    ),
    Case(
        "gatys-2016",
        {"recipe": "gatys-2016", **_UNDER_ADAM},
        Formula(
            content={"conv4_2": 1e-3},
            style=dict.fromkeys(("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"), 1 / 5),
            content_distance=formulas.half_squared_error,
            measure=formulas.undivided_gram,
            style_distance=formulas.gatys_style,
        ),
        Network("oxford", pooling="average"),
        adam=True,
        clamp=False,
    ),
    Case(
        "gatys-code",
        {"recipe": "gatys-code", **_UNDER_ADAM},
        Formula(content={"relu4_2": 1.0}, style=dict.fromkeys(STYLE_LAYERS, 1e3), style_distance=formulas.per_channel_squared),
        Network("oxford"),
        adam=True,
        space=_CAFFE,
        clamp=False,
    ),
    Case(
        "neural-style",
        {"recipe": "neural-style", **_UNDER_ADAM},
        Formula(
            content={"relu4_2": 5.0},
            style=dict.fromkeys(STYLE_LAYERS, 100.0),
            variation=1e-3,
            measure=formulas.gram_over_elements,
            variation_of=formulas.absolute_variation_of_bytes,
        ),
        Network("oxford"),
        adam=True,
        space=_CAFFE,
        clamp=False,
    ),
    Case(
        "crowson",
        {"recipe": "crowson"},
        Formula(
            content={"relu4_2": 0.015},
            style={layer: weight / 341 for layer, weight in zip(STYLE_LAYERS, (256, 64, 16, 4, 1), strict=True)},
            variation=2.0,
            measure=formulas.mean_and_covariance,
            mixed=formulas.mixed_mean_and_covariance,
            style_distance=formulas.wasserstein,
            variation_of=formulas.nine_point_variation,
        ),
        Network("torchvision", padding="replicate-conv1_1"),
        adam=True,
    ),
    Case(
        "udacity",
        {"recipe": "udacity"},
        Formula(
            content={"relu4_2": 1.0},
            style={layer: 1e6 * weight for layer, weight in zip(STYLE_LAYERS, (1, 0.75, 0.2, 0.2, 0.2), strict=True)},
            measure=formulas.undivided_gram_and_size,
            style_distance=formulas.udacity_style,
        ),
        Network("torchvision"),
        adam=True,
        space=((0.229, 0.224, 0.225), (0.485, 0.456, 0.406)),
        clamp=False,
        stretched=True,
    ),
    Case(
        "spst",
        {"recipe": "spst", **_UNDER_ADAM},
        Formula(
            content={"relu4_2": 1.0},
            style=dict.fromkeys(STYLE_LAYERS, 1.0),
            measure=formulas.gram_mean_and_deviation,
            style_distance=formulas.spst_style,
        ),
        Network("oxford"),
        adam=True,
        space=_CAFFE,
        clamp=False,
    ),
)

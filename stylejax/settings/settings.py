"""Every setting of a run, in one dataclass.

The flags of the command line, their help and defaults, the keyword arguments of the library and the record inside a
finished picture are all drawn from here.
"""

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args, get_origin, get_type_hints

from stylejax.choices import (
    CarryName,
    ColorMatchName,
    ContentNormName,
    ConvolutionName,
    KeepColorName,
    NetworkName,
    NormalizationName,
    OptimizerName,
    PaddingName,
    PoolingName,
    PrecisionChoice,
    RecipeName,
    ResamplingName,
    RoundingName,
    ScheduleName,
    SizeRuleName,
    SpaceName,
    StartName,
    StatisticName,
    StyleFitName,
    VariationName,
)
from stylejax.errors import SettingsError
from stylejax.settings.blend import parse_blend
from stylejax.settings.layer_weights import parse_layers

if TYPE_CHECKING:
    from stylejax.losses.objective import ObjectiveSpec

STARTS = get_args(StartName)
"""Values of `init` that are not the path of a picture."""

RANDOM_STARTS = ("noise", "gray", "style-stats")
"""Those that show nothing of the content."""


@dataclass(frozen=True)
class Settings:
    """How to paint. The defaults are the `stylejax` recipe."""

    about_picture: ClassVar = "What is painted, and how large."

    recipe: RecipeName = "stylejax"
    """Where the defaults come from: `stylejax`, `gatys-2016`, `gatys-code`, `neural-style`, `crowson` or `udacity`; see
    `stylejax recipes`. Every other setting overrides its part of the recipe."""

    size: int | Literal["native"] = 512
    """Side of the result, in pixels; the content picture is resized to it. `native` keeps the content's own size."""

    size_rule: SizeRuleName = "long"
    """Which side `size` and `smallest_size` measure: the `long` or the `short` one."""

    size_rounding: RoundingName = "nearest"
    """Where the other side has a fraction of a pixel: the `nearest` whole number, or always `down`."""

    resampling: ResamplingName = "lanczos"
    """How pictures change their size: `lanczos` in floating point; `bicubic` and `bilinear` on 8 bits, as Pillow does it, and
    enlarged between scales as PyTorch does it."""

    about_loss: ClassVar = "How much the picture follows the content and how much the style."

    content_weight: float = 0.3
    """How strongly the content picture is kept. Raise it to recognize more of the photograph."""

    style_weight: float = 1.0
    """How strongly the style is painted."""

    tv_weight: float = 5.0
    """Weight of total variation. Raise it for smoother areas, lower it for more texture."""

    strength: float = 1.0
    """How far the picture goes from the photograph to the painting: 0 gives the photograph back, 0.5 is half painted."""

    content_layers: str = "relu3_1=1,relu4_1=1.5"
    """Layers that keep the content, such as `relu4_2` or `relu3_1=1,relu4_1=.5`."""

    content_norm: ContentNormName = "instance"
    """What is kept of the content: with `instance` its features less their mean, over their deviation, so that its colors are
    free to change; with `none` the features themselves."""

    style_layers: str = "pixels=3,relu1_1=1,relu2_1=1,relu3_1=1,relu4_1=1"
    """Layers that carry the style, each with a weight if wanted: `relu1_1=1,relu2_1=.5`; `pixels` are the colors themselves."""

    style_loss: StatisticName = "covariance"
    """Statistic of the style features: `gram` as in the paper, `gram+mean`, `covariance` (with the mean), `wasserstein` or
    `moments`."""

    octaves: int = 3
    """In how many sizes the style is compared, each half as large as the one before. More octaves paint larger strokes."""

    variation: VariationName = "squared"
    """Form of total variation: `squared` and `nine-point` do not depend on the size, `absolute` grows with it."""

    normalization: NormalizationName = "relative"
    """What a weight means. `relative` divides each term by something of its target's own, so that one setting serves every
    network, layer and size; the others are the conventions of published recipes."""

    normalize_gradients: bool = False
    """Give the gradient of every layer's term the same total size before it is weighted."""

    about_style: ClassVar = "How the style pictures are looked at."

    style_blend: str = ""
    """Share of each of several styles, such as `0.7,0.3`; equal shares if empty."""

    style_scale: float = 1.0
    """Long side of the style pictures over that of the picture; smaller makes finer strokes. They are never enlarged."""

    style_fit: StyleFitName = "shrink"
    """How style pictures follow the picture's size: `shrink` never enlarges them, `resize` does, `stretch` gives them the
    content's shape."""

    style_size: int = 0
    """Long side of the style pictures in pixels, the same at every scale; 0 to follow the picture."""

    about_color: ClassVar = "Whose colors the result has."

    keep_color: KeepColorName = "none"
    """Keep the content's colors: `luminance` paints brightness only, `match` moves the style's colors to them first."""

    color_match: ColorMatchName = "cholesky"
    """How `keep_color match` moves colors: `cholesky`, `pca`, or `symmetric`, which moves them least."""

    proof: str = ""
    """Path of a CMYK printer's ICC profile: content and styles are first brought to the colors that it can print."""

    about_network: ClassVar = "Which network looks at the pictures, and how."

    model: Literal["auto"] | NetworkName | str = "auto"
    """Feature network: `vgg19`, `vgg19-torchvision`, `vgg19-slim`, the path of a converted file, or `auto`: the full VGG-19
    when it is in the cache, otherwise the small network that comes with stylejax."""

    pooling: PoolingName = "max"
    """Pooling of the feature network."""

    padding: PaddingName = "replicate"
    """How convolutions see past the edge; `zero` is the published choice and leaves halos."""

    precision: PrecisionChoice = "auto"
    """What convolutions multiply: `float32`, `tf32` (NVIDIA GPUs), `bfloat16`, or `auto`: bfloat16 on a GPU or TPU that is good
    at it, and float32 on a CPU. All else is float32 always."""

    convolution: ConvolutionName = "auto"
    """Algorithm of the convolutions: `direct`; `winograd`, which saves multiplications; or `auto`, the faster one of each layer
    on this device."""

    about_scale: ClassVar = "How often the picture is improved, from coarse to fine."

    smallest_size: int = 0
    """Painting starts coarse, at about this long side, and moves to larger scales; 0 for 256, or 64 where the start shows
    nothing of the content. Set it to `size` for one scale only."""

    scale_factor: float = 2.0
    """How much larger each scale is than the one before."""

    iterations: int = 70
    """Steps at each scale."""

    first_iterations: int = 0
    """Steps at the first scale; 0 for as many as at the others."""

    stop_when: float = 0.0
    """End a scale early, once the lowest loss of 20 steps differs from that of the 20 steps before by less than this share of
    it, such as 0.01; 0 for never."""

    about_optimizer: ClassVar = "How each step moves the picture."

    optimizer: OptimizerName = "adam"
    """How the picture is moved. `l-bfgs` is the paper's choice: it finds its own step sizes, and takes more memory."""

    space: SpaceName = "unit"
    """What is optimized: the picture in [0, 1] (`unit`), in 0-255 less the mean color (`caffe`), or `normalized`."""

    clamp: bool = True
    """Keep the picture in [0, 1] after each step of Adam. L-BFGS never clamps; results are clipped in any case."""

    learning_rate: float = 0.02
    """Step size of Adam, in units of `space`. L-BFGS finds its own steps; only its first has this size."""

    schedule: ScheduleName = "constant"
    """How the learning rate changes over the steps of each scale."""

    beta1: float = 0.9
    """Adam's decay of the mean gradient."""

    beta2: float = 0.99
    """Adam's decay of the mean squared gradient."""

    averaging: float = 0.98
    """Decay of the running average of the picture, which is what Adam keeps; 0 keeps the last step as it is."""

    restart: bool = True
    """Start Adam anew at each scale. Otherwise its moments are enlarged with the picture; those of a coarse picture are too
    large for a fine one, whose pixels each have a smaller share in the loss, so that its first steps are short."""

    carry: CarryName = "last"
    """What Adam's next scale starts from: the `last` picture, or the running `average`, which then counts the start, too."""

    history: int = 10
    """How many steps L-BFGS remembers; each takes twice the memory of the picture."""

    about_start: ClassVar = "Where painting starts."

    init: StartName | str = "recolored"
    """Where to start: `recolored` (the content in the style's colors), `content`, `noise`, `gray`, `style-stats` (noise with
    the style's colors), or the path of a picture."""

    noise: float = 0.2
    """Standard deviation of the noise that `init noise` starts from, in units of `space`."""

    detail: float = 1.0
    """How much of the fine detail of the start is added at each larger scale, 0 to 1, where the start shows the content."""

    seed: int = 0
    """Seed of the random start."""

    def __post_init__(self):
        """Raise SettingsError, naming the setting, its value and what it may be."""
        for name in ("content_weight", "style_weight", "tv_weight"):
            _check(name, getattr(self, name), 0 <= getattr(self, name) <= 1e12, "a number from 0 to 1e12")
        _check("learning_rate", self.learning_rate, 0 < self.learning_rate <= 1e3, "a number above 0, at most 1000")
        good_size = self.size == "native" or (isinstance(self.size, int) and 1 <= self.size <= 65535)
        _check("size", self.size, good_size, "a whole number of pixels from 1 to 65535, or `native`")
        for name, known in _NAMES.items():
            _check(name, getattr(self, name), getattr(self, name) in known, f"one of {', '.join(known)}")
        _check("noise", self.noise, 0 <= self.noise <= 1e6, "a number from 0 to 1e6")
        _check("first_iterations", self.first_iterations, 0 <= self.first_iterations <= 1_000_000, "0 to 1000000")
        _check("smallest_size", self.smallest_size, self.smallest_size >= 0, "a whole number of pixels, at least 0")
        _check("iterations", self.iterations, 1 <= self.iterations <= 1_000_000, "a whole number from 1 to 1000000")
        _check("scale_factor", self.scale_factor, 1.05 <= self.scale_factor <= 100, "a number from 1.05 to 100")
        _check("octaves", self.octaves, 1 <= self.octaves <= 8, "a whole number from 1 to 8")
        _check("detail", self.detail, 0 <= self.detail <= 1, "a number from 0 to 1")
        _check("strength", self.strength, 0 <= self.strength <= 1, "a number from 0 to 1")
        for name in ("stop_when", "beta1", "beta2", "averaging"):
            _check(name, getattr(self, name), 0 <= getattr(self, name) < 1, "a number from 0 up to, not including, 1")
        _check("history", self.history, 1 <= self.history <= 1000, "a whole number from 1 to 1000")
        parse_blend(self.style_blend)
        _check("style_scale", self.style_scale, 0.01 <= self.style_scale <= 100, "a number from 0.01 to 100")
        _check("style_size", self.style_size, 0 <= self.style_size <= 65535, "a whole number of pixels from 0 to 65535")
        if self.style_size and self.style_scale != 1:
            raise SettingsError(f"got style_size {self.style_size} and style_scale {self.style_scale}; give only one of them")
        _check("seed", self.seed, 0 <= self.seed < 2**32, "a whole number from 0 to 4294967295")
        if not {**self.content_layer_weights, **self.style_layer_weights}:
            raise SettingsError("got neither content layers nor style layers; give at least one of them")

    @property
    def content_layer_weights(self) -> dict[str, float]:
        """Weight of each content layer, before `content_weight`."""
        return parse_layers("content_layers", self.content_layers)

    @property
    def style_layer_weights(self) -> dict[str, float]:
        """Weight of each style layer, before `style_weight`."""
        return parse_layers("style_layers", self.style_layers)

    def objective_spec(self) -> "ObjectiveSpec":
        """The static part of the objective."""
        from stylejax.losses.objective import ObjectiveSpec  # which needs JAX

        return ObjectiveSpec(
            content_layers=tuple(self.content_layer_weights),
            style_layers=tuple(self.style_layer_weights),
            statistic=self.style_loss,
            variation=self.variation,
            relative=self.normalization == "relative",
            normalize_gradients=self.normalize_gradients,
            octaves=self.octaves,
            content_norm=self.content_norm,
        )

    @property
    def coarsest(self) -> int:
        """The least side of the first scale."""
        return self.smallest_size or (64 if self.init in RANDOM_STARTS else 256)

    def steps(self, scales: int) -> list[int]:
        """How many steps each of so many scales takes."""
        return [self.first_iterations or self.iterations, *[self.iterations] * (scales - 1)]

    def as_options(self) -> dict[str, Any]:
        """The settings as plain values by name: keyword arguments, and the record inside a picture."""
        return dataclasses.asdict(self)


_NAMES = {name: get_args(kind) for name, kind in get_type_hints(Settings).items() if get_origin(kind) is Literal}
"""Settings with a fixed set of values, and these."""


def _check(name: str, value: object, good: bool, wanted: str) -> None:
    if not good:
        raise SettingsError(f"{name} is {value}; it must be {wanted}")

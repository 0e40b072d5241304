"""Every setting of a run, in one dataclass.

The flags of the command line with their help and defaults, the keyword arguments of the library and the record inside a
finished picture all derive from it.
"""

import dataclasses
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

from stylejax.choices import (
    RANDOM_STARTS,
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
from stylejax.settings.fields import Range, check_values, fields_of, setting
from stylejax.settings.layer_weights import parse_layers
from stylejax.settings.per_scale import at_scales, parse_counts
from stylejax.settings.transformation import Transformation
from stylejax.settings.validation import (
    WITH_ADAM,
    WITH_CONTENT_LAYERS,
    WITH_DESCENT,
    WITH_LBFGS,
    WITH_NAMED_OPTIMIZER,
    WITH_SEVERAL_SCALES,
    WITH_SIZED_STYLES,
    WITH_STYLE_LAYERS,
    WITH_VISIBLE_START,
    when,
)


@dataclass(frozen=True)
class Settings:
    """The settings of one picture. The defaults are the `stylejax` recipe."""

    about_picture: ClassVar = "Size of the picture, and the recipe."

    recipe: RecipeName = setting("stylejax", traced=True)
    """Source of the defaults: `stylejax`, `gatys-2016`, `gatys-code`, `neural-style`, `crowson`, `udacity` or `spst`; see
    `stylejax recipes`. Every other setting overrides its part of the recipe."""

    size: int | Literal["native"] = setting(512, within=Range(1, 65535, unit="pixels"))
    """Side of the result, in pixels; the content picture is resized to it. `native` keeps the content's own size."""

    size_rule: SizeRuleName = setting("long", decides=("style picture",))
    """Which side `size` and `smallest_size` measure: the `long` or the `short` one."""

    size_rounding: RoundingName = setting("nearest", decides=("style picture",))
    """Rounding of the other side to whole pixels: to the `nearest`, or always `down`."""

    resampling: ResamplingName = setting("lanczos", decides=("style picture",))
    """How pictures are resized: `lanczos` in floating point; `bicubic` and `bilinear` on 8 bits as in Pillow, and between
    scales as in PyTorch."""

    about_loss: ClassVar = "How closely the picture follows the content and the style."

    content_weight: float = setting(0.3, traced=True, within=Range(0, 1e12), uses=(WITH_CONTENT_LAYERS,))
    """Weight of the content. Raise it to recognize more of the photograph."""

    style_weight: float = setting(1.0, traced=True, within=Range(0, 1e12), uses=(WITH_STYLE_LAYERS,))
    """Weight of the style."""

    tv_weight: float = setting(5.0, traced=True, within=Range(0, 1e12))
    """Weight of total variation. Raise it for smoother areas, lower it for more texture."""

    strength: float = setting(1.0, traced=True, within=Range(0, 1), decides=("style",), uses=(WITH_STYLE_LAYERS,))
    """How far the picture goes from the photograph to the painting: 0 returns the photograph, 0.5 is halfway."""

    content_layers: str = setting("relu3_1=1,relu4_1=1.5", traced=True, commas=True)
    """Layers that are compared with the content, such as `relu4_2` or `relu3_1=1,relu4_1=.5`."""

    content_norm: ContentNormName = setting("instance", uses=(WITH_CONTENT_LAYERS,))
    """Normalization of the content features: `instance` subtracts their mean and divides by their deviation, so that colors
    are free to change; `none` compares the features themselves."""

    style_layers: str = setting("pixels=3,relu1_1=1,relu2_1=1,relu3_1=1,relu4_1=1", traced=True, commas=True)
    """Layers that are compared with the style, with or without weights: `relu1_1=1,relu2_1=.5`; `pixels` are the colors."""

    style_loss: StatisticName = setting("covariance", uses=(WITH_STYLE_LAYERS,))
    """Statistic of the style features: `gram` as in the paper, `gram+mean`, `gram+moments`, `covariance` (with the mean),
    `wasserstein` or `moments` (mean and deviation)."""

    moments_weight: float = setting(1.0, traced=True, within=Range(0, 1e12), uses=(when("style_loss", "gram+moments"),))
    """Weight of mean and deviation relative to that of the Gram matrix, in `gram+moments`."""

    octaves: int = setting(3, within=Range(1, 8), uses=(WITH_STYLE_LAYERS,))
    """Number of sizes at which the style is compared, each half of the one before. More octaves give larger strokes."""

    variation: VariationName = setting("squared")
    """Form of total variation: `squared` and `nine-point` are independent of the size, `absolute` grows with it."""

    normalization: NormalizationName = setting("relative")
    """Convention of the weights. `relative` divides each term by a quantity of its target, so that one value suits every
    network, layer and size; the others are the conventions of published recipes."""

    normalize_gradients: bool = setting(False)
    """Scale the gradient of every layer's term to the same norm before it is weighted."""

    about_style: ClassVar = "How the style pictures are mixed and resized."

    style_blend: str = setting("", traced=True, commas=True, decides=("style",), uses=(WITH_STYLE_LAYERS,))
    """Shares of several styles, such as `0.7,0.3`; equal if empty."""

    style_scale: float = setting(
        1.0, traced=True, within=Range(0.01, 100), decides=("style picture",), uses=(WITH_SIZED_STYLES, WITH_STYLE_LAYERS)
    )
    """Long side of the style pictures relative to that of the picture; smaller gives finer strokes."""

    style_fit: StyleFitName = setting("shrink", traced=True, decides=("style picture",), uses=(WITH_STYLE_LAYERS,))
    """How style pictures are resized to the picture's size: `shrink` never enlarges them, `resize` may, `stretch` gives them
    the content's shape, `pyramid` shrinks those that are more than 1.1 times as large, and at coarser scales all of them."""

    style_size: int = setting(
        0,
        traced=True,
        within=Range(0, 65535, unit="pixels"),
        decides=("style picture",),
        uses=(WITH_SIZED_STYLES, WITH_STYLE_LAYERS),
    )
    """Long side of the style pictures in pixels, the same at every scale; 0 to follow the picture."""

    about_color: ClassVar = "Colors of the result."

    keep_color: KeepColorName = setting("none", traced=True, decides=("content", "style"))
    """Keep the content's colors: `luminance` changes brightness only, `match` first transforms the style's colors to them."""

    color_match: ColorMatchName = setting("cholesky", traced=True, decides=("style",), uses=(when("keep_color", "match"),))
    """Transform of `keep_color match`: `cholesky`, `pca`, or `symmetric`, which changes colors least."""

    proof: str = setting("", traced=True, place=True, decides=("content", "style picture"))
    """Path of a CMYK printer's ICC profile: content and styles are first limited to the colors that it can print."""

    about_network: ClassVar = "The feature network and its arithmetic."

    model: Literal["auto"] | NetworkName | str = setting("auto", place=True)
    """Feature network: `vgg19`, `vgg19-torchvision`, `vgg19-slim`, the path of a converted file, or `auto`: the full VGG-19
    when it is in the cache, otherwise the small network that comes with stylejax."""

    pooling: PoolingName = setting("max")
    """Pooling of the feature network."""

    padding: PaddingName = setting("replicate")
    """Border padding of the convolutions; `zero` is the published choice and leaves halos."""

    precision: PrecisionChoice = setting("auto")
    """Precision of the products in convolutions: `float32`, `tf32` (NVIDIA GPUs), `bfloat16`, or `auto`: bfloat16 on a GPU or
    TPU that supports it well, and float32 on a CPU. Everything else is float32."""

    convolution: ConvolutionName = setting("auto")
    """Algorithm of the convolutions: `direct`; `winograd`, which saves multiplications; or `auto`, the faster one for each
    layer on this device."""

    tiles: int | Literal["auto", "none"] = setting("auto", within=Range(1, 65535, unit="pixels"))
    """Compute the picture in tiles, with the same result in less memory: `auto` where the whole does not fit, `none`, or the
    side of a tile with its overlap."""

    about_scale: ClassVar = "Scales from coarse to fine, and their steps."

    smallest_size: int = setting(0, within=Range(0, math.inf, unit="pixels"))
    """Side of the first, coarsest scale, approximately; 0 for 256, or 64 where the start shows nothing of the content. Set
    it to `size` for one scale only."""

    scale_factor: float = setting(2.0, within=Range(1.05, 100), uses=(WITH_SEVERAL_SCALES,))
    """Size of each scale relative to the one before."""

    iterations: Literal["auto"] | int | str = setting("auto", within=Range(1, 1_000_000), commas=True, per_scale=True)
    """Steps at each scale; or a list from coarse to fine, such as `600,200,66`, whose last number is repeated; `auto` for
    `110,22`, or 100 at each scale where the start shows nothing of the content."""

    stop_when: float = setting(0.0, traced=True, within=Range(0, 1, excluded="high"))
    """End a scale early when the lowest loss of 20 steps differs from that of the 20 steps before by less than this fraction,
    such as 0.01; 0 for never."""

    about_optimizer: ClassVar = "How each step changes the picture."

    optimizer: OptimizerName | Transformation = setting("adam")
    """Optimizer. `l-bfgs` is the paper's choice: it finds its own step sizes and needs more memory."""

    space: SpaceName = setting("unit")
    """Space of the optimization: the picture in [0, 1] (`unit`), in 0-255 minus the mean color (`caffe`), or `normalized`."""

    clamp: bool = setting(True, uses=(WITH_DESCENT,), harmless=(False,))
    """Keep the picture in [0, 1] after each step of Adam. L-BFGS never clamps; results are clipped in any case."""

    learning_rate: float = setting(0.013, traced=True, within=Range(0, 1000, excluded="low"), uses=(WITH_NAMED_OPTIMIZER,))
    """Step size of Adam, in units of `space`. L-BFGS finds its own steps; only its first has this size."""

    schedule: ScheduleName = setting("constant", traced=True, uses=(WITH_ADAM,))
    """How the learning rate changes over the steps of each scale."""

    beta1: float = setting(0.9, traced=True, within=Range(0, 1, excluded="high"), uses=(WITH_ADAM,))
    """Adam's decay of the mean gradient."""

    beta2: float = setting(0.99, traced=True, within=Range(0, 1, excluded="high"), uses=(WITH_ADAM,))
    """Adam's decay of the mean squared gradient."""

    averaging: float = setting(0.95, traced=True, within=Range(0, 1, excluded="high"), uses=(WITH_DESCENT,))
    """Decay of the running average of the picture, which is the result with Adam; 0 for the last step itself."""

    restart: bool = setting(True, uses=(WITH_ADAM, WITH_SEVERAL_SCALES), harmless=(True,))
    """Reset Adam's moments at each scale. Otherwise they are enlarged with the picture; moments of a coarse picture are too
    large for a fine one, whose pixels each contribute less to the loss, so its first steps are short."""

    carry: CarryName = setting("last", uses=(WITH_DESCENT, WITH_SEVERAL_SCALES), harmless=("last",))
    """Start of Adam's next scale: the `last` picture, or the running `average`, which then includes the start."""

    history: int = setting(10, within=Range(1, 1000), uses=(WITH_LBFGS,))
    """Number of steps that L-BFGS remembers; each needs twice the memory of the picture."""

    about_start: ClassVar = "The initial picture."

    init: StartName | str = setting("recolored", traced=True, place=True)
    """The initial picture: `recolored` (the content in the style's colors), `content`, `noise`, `gray`, `style-stats` (noise
    with the style's colors), or the path of a picture."""

    noise: float = setting(0.2, traced=True, within=Range(0, 1e6), uses=(when("init", "noise"),))
    """Standard deviation of the noise of `init noise`, in units of `space`."""

    detail: float = setting(1.0, traced=True, within=Range(0, 1), uses=(WITH_VISIBLE_START, WITH_SEVERAL_SCALES), harmless=(0,))
    """Fraction of the initial picture's fine detail that is added at each larger scale, if that picture shows the content."""

    seed: int = setting(0, traced=True, within=Range(0, 2**32 - 1), uses=(when("init", "noise", "style-stats"),))
    """Seed of a random initial picture."""

    def __post_init__(self):
        """Raise SettingsError, naming the setting, its value and what it may be; expand `~` in paths."""
        for name, each in fields_of(Settings).items():
            if each.info.place:
                object.__setattr__(self, name, each.given_place(getattr(self, name)))
        check_values(self)
        parse_blend(self.style_blend)
        if self.style_size and self.style_scale != 1:
            raise SettingsError(f"got style_size {self.style_size} and style_scale {self.style_scale}; give only one of them")
        if not {**self.content_layer_weights, **self.style_layer_weights}:
            raise SettingsError("got neither content layers nor style layers; give at least one of them")

    @cached_property
    def content_layer_weights(self) -> dict[str, float]:
        """Weight of each content layer, before `content_weight`. Parsed once; not to be changed."""
        return parse_layers("content_layers", self.content_layers)

    @cached_property
    def style_layer_weights(self) -> dict[str, float]:
        """Weight of each style layer, before `style_weight`. Parsed once; not to be changed."""
        return parse_layers("style_layers", self.style_layers)

    @property
    def coarsest(self) -> int:
        """Smallest side of the first scale, in pixels."""
        return self.smallest_size or (64 if self.init in RANDOM_STARTS else 256)

    @property
    def may_have_several_scales(self) -> bool:
        """Whether the picture may be large enough for a coarser scale; with `native` only the content can tell."""
        return self.size == "native" or round(self.size / self.scale_factor) >= self.coarsest

    @property
    def step_counts(self) -> tuple[int, ...]:
        """Number of steps of the first scales; the last one is that of all further scales."""
        if self.iterations == "auto":
            return (100,) if self.init in RANDOM_STARTS else (110, 22)
        return parse_counts(self.iterations)

    def steps(self, scales: int) -> list[int]:
        """Number of steps of each scale, for a number of scales."""
        return at_scales(self.step_counts, scales)

    def file(self, name: str) -> str:
        """The path or URL that the setting `name` holds; empty where its value is one of the known names."""
        value = getattr(self, name)
        return "" if value in fields_of(Settings)[name].names else value

    def as_options(self) -> dict[str, Any]:
        """The settings by name, as keyword arguments."""
        return dataclasses.asdict(self)

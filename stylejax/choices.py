"""The named values of settings and flags.

They are separate from their implementations, so that help, completion and error messages do not import JAX.
"""

from typing import Any, Literal, get_args

RecipeName = Literal["stylejax", "gatys-2016", "gatys-code", "neural-style", "crowson", "udacity", "spst"]
NetworkName = Literal["vgg19", "vgg19-torchvision", "vgg19-slim"]
PublishedName = Literal["vgg19", "vgg19-torchvision"]
"""Networks that can be fetched."""

SizeRuleName = Literal["long", "short"]
RoundingName = Literal["nearest", "down"]
ResamplingName = Literal["lanczos", "bicubic", "bilinear"]
CarryName = Literal["last", "average"]
StyleFitName = Literal["shrink", "resize", "stretch", "pyramid"]
KeepColorName = Literal["none", "luminance", "match"]
ColorMatchName = Literal["cholesky", "pca", "symmetric"]

ContentNormName = Literal["none", "instance"]
StatisticName = Literal["gram", "gram+mean", "gram+moments", "covariance", "wasserstein", "moments"]
VariationName = Literal["squared", "nine-point", "absolute"]
NormalizationName = Literal["relative", "mean", "gatys-2016", "per-channel", "per-position"]
PIXELS = "pixels"
"""The name of the picture itself, as a layer of three channels."""

TERMS = ("content", "style", "tv")
"""The terms of the objective by the names that records have for them; `tv` is total variation."""
LOSSES = ("total", *TERMS)
"""The losses that a record of one step has."""
TEMPORAL = "temporal"
"""The term that records of the frames of a clip have, too."""

PoolingName = Literal["max", "average", "average-rescaled", "l2", "l2-rescaled"]
PaddingName = Literal["zero", "replicate", "reflect", "replicate-conv1_1", "reflect-conv1_1"]
"""`replicate` and `reflect` pad every convolution; with `-conv1_1` only the first, and the others with zeros."""
PrecisionChoice = Literal["auto", "float32", "tf32", "bfloat16"]
ConvolutionName = Literal["auto", "direct", "winograd"]

OptimizerName = Literal["adam", "l-bfgs"]
SpaceName = Literal["unit", "caffe", "normalized"]
StartName = Literal["recolored", "content", "noise", "gray", "style-stats"]
RANDOM_STARTS = ("noise", "gray", "style-stats")
"""Starts that show nothing of the content."""
ScheduleName = Literal["constant", "linear", "cosine", "exponential", "warmup-cosine", "cosine-onecycle", "linear-onecycle"]

SplitName = int | Literal["none", "picture"]
FormatName = Literal["png", "jpg", "webp", "tiff", "avif"]
Pairing = Literal["zip", "cross"]
Rounding = int | Literal["auto"]
DeviceCount = int | Literal["all"]
BatchSize = int | Literal["auto"]
ShellName = Literal["bash", "zsh", "fish"]


def names_in(kind: Any) -> list[str]:
    """The names that a type lists, such as `native` in `int | Literal["native"]`."""
    return [name for part in get_args(kind) for name in ([part] if isinstance(part, str) else names_in(part))]

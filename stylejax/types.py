"""Array types with their shapes. An axis name means the same everywhere.

    batch           independent pictures that are optimized together
    height, width   rows and columns of a picture, in pixels
    rows, columns   the same two at the resolution of a layer
    channels        channels of a layer
    regions         parts of a picture, each with a style of its own
    pairs           steps that L-BFGS remembers

Pictures are sRGB in [0, 1] unless a name says otherwise. While the tests run, jaxtyping and beartype enforce the shapes of
every call (`--jaxtyping-packages` in pyproject.toml): axes of one name have one size within a call, `_` is any size, and `*` is
any number of axes.
"""

import numpy as np
from jax import Array
from jaxtyping import Bool, Float, Int, UInt8, UInt16

Shape = tuple[int, int]
"""Height and width, in pixels."""

Scalar = Float[Array, ""]
Vector = Float[Array, "*shape"]
"""A point, a step or a gradient of any shape."""
Flag = Bool[Array, ""]
Count = Int[Array, ""]

Image = Float[Array, "height width 3"]
Images = Float[Array, "batch height width 3"]
AnyImage = Float[Array, "_ _ 3"]
"""A picture whose shape is independent of the other arguments'."""
Variable = Float[Array, "height width 3"]
"""A picture in the space in which it is optimized (`stylejax.settings.pixel_space`)."""
AnyVariable = Float[Array, "_ _ 3"]

FeatureShape = tuple[int, int, int]
"""Rows, columns and channels."""
Features = Float[Array, "rows columns channels"]
AnyFeatures = Float[Array, "_ _ _"]
"""Features of one of several layers, whose shapes differ."""
Kernel = Float[Array, "3 3 incoming outgoing"]
Positions = Float[Array, "positions channels"]
"""Features with rows and columns in one axis."""
Mean = Float[Array, " channels"]
Gram = Float[Array, "channels channels"]
"""A Gram matrix or a covariance."""

Guide = Float[Array, "rows columns"]
RegionGuides = Float[Array, "regions rows columns"]
RegionMeans = Float[Array, "regions channels"]
Shares = Float[Array, " regions"]
Masks = Float[Array, "regions height width"]
AnyMasks = Float[Array, "_ _ _"]

HostImage = Float[np.ndarray, "height width 3"]
HostImages = Float[np.ndarray, "batch height width 3"]
AnyHostImage = Float[np.ndarray, "_ _ 3"]
HostSamples = HostImage | UInt8[np.ndarray, "height width 3"] | UInt16[np.ndarray, "height width 3"]
"""A picture as floating point in [0, 1], or as levels, of which the largest is white (`images.picture.unit_values`)."""
AnyHostSamples = AnyHostImage | UInt8[np.ndarray, "_ _ 3"] | UInt16[np.ndarray, "_ _ 3"]
HostAlpha = Float[np.ndarray, "height width"]
"""The opacity of a picture in [0, 1], 1 where opaque."""
AnyHostAlpha = Float[np.ndarray, "_ _"]
AnyHostFeatures = Float[np.ndarray, "_ _ _"]
AnyHostMasks = Float[np.ndarray, "_ _ _"]

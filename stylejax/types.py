"""Shape-annotated array types, whose axis names mean the same everywhere.

height, width   rows and columns of a picture, in pixels
rows, columns   the same two at the resolution of some layer
channels        channels of a layer
regions         parts of a picture that have styles of their own
lanes           the batch axis: independent pictures that are painted together

Pictures are sRGB in [0, 1] unless a name says otherwise. The shapes are enforced while the tests run.
"""

import numpy as np
from jax import Array
from jaxtyping import Float

Scalar = Float[Array, ""]
Image = Float[Array, "height width 3"]
Images = Float[Array, "lanes height width 3"]
Features = Float[Array, "rows columns channels"]
Guide = Float[Array, "rows columns"]
Masks = Float[Array, "regions height width"]
HostImage = Float[np.ndarray, "height width 3"]
AnyImage = Float[Array, "_ _ 3"]
"""A picture whose shape is not tied to that of another argument."""
AnyMasks = Float[Array, "_ _ _"]
AnyHostImage = Float[np.ndarray, "_ _ 3"]

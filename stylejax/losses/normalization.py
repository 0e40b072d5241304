"""Loss normalization: the conventions of the field for the scale of a weight, each as a factor from the layer's shape.

Every published objective is Σ a·content + Σ b·style with `content = mean (F - P)²` and `style = mean (G - A)²`,
G = FᵀF/(H·W), once sums, halves and other divisors of the Gram matrix are written as factors of the layer's shape.
"""

from typing import NamedTuple

from stylejax.choices import NormalizationName
from stylejax.types import FeatureShape


class LayerFactors(NamedTuple):
    """Factors of the weights of one layer."""

    content: float
    style: float
    moments: float = 1.0
    """Of the moments relative to the Gram matrix in `gram+moments`."""


def layer_factors(normalization: NormalizationName, shape: FeatureShape) -> LayerFactors:
    """Factors of the content and the style weight, and of the moments, at a layer whose features have `shape`.

    relative      1, 1          each term is divided by its target's own energy instead
    mean          1, 1          plain means
    gatys-2016    H·W·C/2, 1/4  half a sum of squares; 1/(4N²M²) Σ (G-A)² with the paper's undivided Gram   (eqs. 1 and 4)
    per-channel   1, 1/C², C²   weights given per channel pair, or a Gram matrix divided by C·H·W; moments have no pairs
    per-position  1, H·W/C      the undivided Gram, its mean squared difference divided by C·H·W
    """
    rows, columns, channels = shape
    factors = {
        "relative": LayerFactors(1.0, 1.0),
        "mean": LayerFactors(1.0, 1.0),
        "gatys-2016": LayerFactors(rows * columns * channels / 2, 0.25),
        "per-channel": LayerFactors(1.0, 1 / channels**2, channels**2),
        "per-position": LayerFactors(1.0, rows * columns / channels),
    }
    return factors[normalization]

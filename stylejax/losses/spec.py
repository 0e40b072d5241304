"""What the objective compares: its layers, statistic and norms, as static data."""

from dataclasses import dataclass

from stylejax.choices import PIXELS, ContentNormName, StatisticName, VariationName
from stylejax.losses.octaves import smallest_side_for
from stylejax.network.layers import layers_up_to


@dataclass(frozen=True)
class ObjectiveSpec:
    """The parts of the objective and its layers. Static: another value compiles another program."""

    content_layers: tuple[str, ...] = ("relu4_2",)
    style_layers: tuple[str, ...] = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    """Layers of the network, and `pixels`, the picture itself."""
    statistic: StatisticName = "gram"
    variation: VariationName = "squared"
    relative: bool = True
    normalize_gradients: bool = False
    octaves: int = 1
    """At how many sizes, each half as large as the one before, the style is compared."""
    content_norm: ContentNormName = "none"

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer of either term."""
        return tuple(dict.fromkeys((*self.content_layers, *self.style_layers)))

    @property
    def network_layers(self) -> tuple[str, ...]:
        """Those of the network among them."""
        return tuple(layer for layer in self.layers if layer != PIXELS)

    @property
    def smallest_side(self) -> int:
        """Fewest pixels that the short side of a picture needs."""
        return max(smallest_side_for(self.content_layers, 1), smallest_side_for(self.style_layers, self.octaves))

    def too_small(self, larger: str) -> str:
        """The message for a picture whose short side is less than `smallest_side`, with what to choose instead."""
        deepest = layers_up_to(self.network_layers)[-1].name if self.network_layers else PIXELS
        octaves = f" at {self.octaves} octaves" if self.octaves > 1 else ""
        ways = f"{larger}, fewer octaves or shallower layers" if self.octaves > 1 else f"{larger} or shallower layers"
        return f"too small for {deepest}{octaves}: its short side needs at least {self.smallest_side} pixels; choose {ways}"

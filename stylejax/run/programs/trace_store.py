"""Traced programs on disk: a process that finds its program there does not trace it, which takes longer than loading it.

What is kept is StableHLO (`jax.export`), a text for the compiler and not for the processor, in one file a program, under a
checksum. Its name is a digest of everything that tracing depends on, the source code of this package included. A file that is
damaged, or of another version of JAX, counts as absent; a folder that cannot be written costs the time, not the picture.
"""

import hashlib
import warnings
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import jax.export
import numpy as np
import optax
from jaxtyping import PyTree

import stylejax
from stylejax.errors import StylejaxError
from stylejax.files.cache import private_folder, traced_folder
from stylejax.files.checksummed import read_checksummed, write_checksummed
from stylejax.losses.guidance import Guides
from stylejax.losses.objective import FrameTerms, Terms
from stylejax.losses.statistics import CenteredSums, ChannelSums
from stylejax.losses.style import StyleTarget
from stylejax.network import backend
from stylejax.optimize.convergence import Convergence
from stylejax.optimize.descent import DescentState
from stylejax.optimize.lbfgs import LBFGSState
from stylejax.optimize.lbfgs_history import History
from stylejax.optimize.line_search import Search
from stylejax.optimize.step import PictureState, Position, Trace

_KIND = "stylejax-traced"
_SOURCES = ("choices.py", "types.py", "losses", "network", "optimize", "settings")
"""The parts of the package that programs are traced from."""

_keeping = False


def keep(*, wanted: bool = True) -> None:
    """Keep traced programs from now on, or no longer."""
    global _keeping
    _keeping = wanted


def load_or_trace(
    function: Any, arguments: Sequence[PyTree], donated: Sequence[int], name: str, static: dict[str, Hashable]
) -> jax.export.Exported | None:
    """The traced program of a jitted function, as a function of `parted` arguments.

    Args:
        function: from `jax.jit`.
        arguments: shapes, types and shardings of its arguments.
        donated: positions of those whose memory the results may take.
        name: identifies `static`.
        static: its static arguments.

    Returns:
        The program; None where programs are not kept, and for one that cannot be exported.
    """
    if not _keeping:
        return None
    given, kept = parted(arguments, donated)
    path = traced_folder() / _digest(function, arguments, donated, name)
    if (found := _read(path)) is not None:
        return found

    def run(given: list[Any], kept: list[Any]) -> PyTree:
        return function(*_joined(given, kept, arguments, donated), **static)

    try:
        fresh = jax.export.export(jax.jit(named(run, function.__name__), donate_argnums=0))(given, kept)
        _register_results()
        program = bytes(fresh.serialize())
    except (ImportError, NotImplementedError, ValueError):  # a part of the program that JAX cannot export
        return None
    _write(path, program)
    return jax.export.deserialize(bytearray(program))  # not `fresh`, for which the compilation cache has another key


def named(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The function under another name, which logs and profiles of the compiler show."""

    def call(*arguments: Any) -> Any:
        return function(*arguments)

    call.__name__ = call.__qualname__ = name
    return call


def parted(arguments: Sequence[PyTree], donated: Sequence[int]) -> tuple[list[Any], list[Any]]:
    """The arrays of the donated arguments, and those of the others."""
    given = jax.tree.leaves([each for number, each in enumerate(arguments) if number in donated])
    return given, jax.tree.leaves([each for number, each in enumerate(arguments) if number not in donated])


def _joined(given: list[Any], kept: list[Any], like: Sequence[PyTree], donated: Sequence[int]) -> list[PyTree]:
    """The opposite of `parted`, for arguments of the structure of `like`."""
    sources = iter(given), iter(kept)
    return [
        jax.tree.map(lambda _, source=sources[number not in donated]: next(source), each) for number, each in enumerate(like)
    ]


def _digest(function: Any, arguments: Sequence[PyTree], donated: Sequence[int], name: str) -> str:
    leaves, structure = jax.tree.flatten(arguments)
    parts = [jax.__version__, version("jaxlib"), version("flax"), version("optax"), np.__version__, _source_digest()]
    parts += [backend.platform(), str(jax.config.values["jax_default_matmul_precision"])]
    parts += [f"{function.__module__}.{function.__qualname__}", name, str(tuple(donated)), str(structure)]
    parts += [f"{leaf.dtype}{leaf.shape} {leaf.sharding}" for leaf in leaves]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@cache
def _source_digest() -> str:
    """A digest of the source code that is traced."""
    root = Path(stylejax.__file__).parent
    digest = hashlib.sha256()
    for part in _SOURCES:
        for path in sorted((root / part).rglob("*.py")) or [root / part]:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _read(path: Path) -> jax.export.Exported | None:
    try:
        _, arrays = read_checksummed(path)
    except (OSError, StylejaxError):
        return None
    _register_results()
    return jax.export.deserialize(bytearray(arrays["program"].tobytes()))


def _write(path: Path, program: bytes) -> None:
    try:
        private_folder(path.parent)
        write_checksummed(path, _KIND, {}, {"program": np.frombuffer(program, np.uint8)})
    except (OSError, StylejaxError) as problem:
        warnings.warn(f"the next run has to trace its programs again: {problem}", RuntimeWarning, stacklevel=2)


@cache
def _register_results() -> None:
    """Tell JAX how to write the structures that programs return."""
    own = (PictureState, Position, Convergence, Trace, Terms, FrameTerms, DescentState, LBFGSState, History, Search)
    for each in (*own, StyleTarget, ChannelSums, CenteredSums, Guides, optax.EmaState, optax.ScaleByAdamState):
        with suppress(ValueError):  # another package may have registered those of optax
            jax.export.register_namedtuple_serialization(each, serialized_name=f"{each.__module__}.{each.__qualname__}")

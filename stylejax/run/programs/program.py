"""Compile functions, each once for every shape of its arguments, on threads of their own.

A thread that waits for a compiler in the foreground cannot be interrupted and cannot do anything else. Here the waiting thread
polls, so that it can show the time and end at Ctrl-C, and the program of the next scale is compiled while this one runs.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from typing import Any, NamedTuple

import jax
from jax.sharding import NamedSharding
from jaxtyping import PyTree

from stylejax.run.programs import trace_store
from stylejax.run.programs.effort import Effort, compile_with
from stylejax.run.single_precision import in_float32

POLL = 0.1
"""Seconds between two looks at a compilation."""

Waiting = Callable[[], None]
"""Called about every `POLL` seconds while a program is compiled; what it raises ends the wait."""

_KEPT = 64
"""Programs that a process keeps."""


class Program(NamedTuple):
    """A function, compiled for one shape of its arguments."""

    run: Callable[..., Any]
    memory: int | None
    """Peak bytes: arguments, results and temporaries, less donated arguments; None where a backend does not analyze that."""


class Compilation:
    """A program that is compiled in the background."""

    def __init__(self, compile: Callable[[], Program]):
        """Begin to compile."""
        self._compile = compile
        self._future = _compilers().submit(compile)

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self._future.done()

    def program(self, waiting: Waiting | None = None) -> Program:
        """The program, once it is compiled.

        Args:
            waiting: called until then, about every `POLL` seconds.

        Raises:
            Exception: what the compiler raised; it is asked once more in the foreground before, in case a thread was at fault.
        """
        while not self.done:
            wait([self._future], timeout=POLL)
            if waiting and not self.done:
                waiting()
        if self._future.exception():
            program = self._compile()
            self._future = Future()
            self._future.set_result(program)
        return self._future.result()


@in_float32
def compiled(
    function: Any,
    *arguments: PyTree,
    donated: Sequence[int] = (),
    effort: Effort = "best",
    name: str = "",
    **static: Hashable,
) -> Compilation:
    """The program of a jitted function for arguments of these shapes; its compilation begins unless it was before.

    Args:
        function: from `jax.jit`.
        arguments: arrays, or their shapes and types; those on a mesh of devices with their sharding.
        donated: positions of the arguments whose memory the results may take; as `function` declares it.
        effort: of the compiler.
        name: identifies `static`, across processes; without a name the program is traced in every process.
        static: its static arguments.
    """
    leaves, structure = jax.tree.flatten(arguments)
    shapes = tuple(map(_abstract, leaves))
    key = function, structure, shapes, effort, tuple(static.items())
    with _lock:
        if key not in _compilations:
            abstract = jax.tree.unflatten(structure, shapes)
            _compilations[key] = Compilation(lambda: _compile(function, abstract, tuple(donated), effort, name, static))
        _compilations.move_to_end(key)
        while len(_compilations) > _KEPT:
            _compilations.popitem(last=False)
        return _compilations[key]


def call(function: Any, *arguments: PyTree, **options: Any) -> Any:
    """The result of a jitted function, by its program; options as for `compiled`."""
    return compiled(function, *arguments, **options).program().run(*arguments)


def clear() -> None:
    """Forget the programs of this process, as `jax.clear_caches` does."""
    with _lock:
        _compilations.clear()


def compiling() -> bool:
    """Whether a program is being compiled, on a thread that the end of the process would wait for."""
    with _lock:
        return any(not each.done for each in _compilations.values())


def _abstract(leaf: Any) -> jax.ShapeDtypeStruct:
    sharding = getattr(leaf, "sharding", None)
    several = isinstance(sharding, NamedSharding) and sharding.num_devices > 1
    return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding if several else None)


_lock = threading.Lock()
_compilations: OrderedDict[Hashable, Compilation] = OrderedDict()


@cache
def _compilers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="compiler")


@in_float32
def _compile(
    function: Any, arguments: Sequence[PyTree], donated: Sequence[int], effort: Effort, name: str, static: dict[str, Hashable]
) -> Program:
    traced = trace_store.load_or_trace(function, arguments, donated, name, static) if name else None
    if traced is None:
        program = compile_with(effort, function.lower(*arguments, **static))
        return Program(program, memory_of(program))
    given, kept = trace_store.parted(arguments, donated)
    call = jax.jit(trace_store.named(traced.call, function.__name__), donate_argnums=0)
    program = compile_with(effort, call.lower(given, kept))
    return Program(lambda *arguments: program(*trace_store.parted(arguments, donated)), memory_of(program))


def memory_of(program: Any) -> int | None:
    """The `memory` of a compiled program."""
    stats = program.memory_analysis()
    if stats is None:
        return None
    donated = stats.alias_size_in_bytes
    return stats.argument_size_in_bytes + stats.output_size_in_bytes + stats.temp_size_in_bytes - donated

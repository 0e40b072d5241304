"""Storage of programs on disk, traced and compiled, so that later runs and restarted workers need not make them again."""

import shutil

import jax

from stylejax.errors import StylejaxError
from stylejax.files.cache import compiled_folder, private_folder
from stylejax.run.programs import trace_store

ROOM = 64 << 20
"""Bytes that must be free for programs to be kept; a run writes about ten times less."""
LONG = 0.5
"""Seconds of compilation from which on a program is kept."""


def keep_compiled_programs() -> str:
    """Keep every program in the cache folder that takes long to trace or to compile.

    Returns:
        Why that is not possible, in one line: it costs a compilation each time, not the picture. Empty if it is.
    """
    try:
        folder = private_folder(compiled_folder())
        free = shutil.disk_usage(folder).free
    except (StylejaxError, OSError) as problem:
        return str(problem)
    if free < ROOM:
        return f"the disk of the cache folder {folder} has {free >> 20} MiB left; set STYLEJAX_CACHE to another"
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", LONG)
    trace_store.keep()
    return ""

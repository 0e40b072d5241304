"""Storage of compiled programs on disk, so that later runs and restarted workers need not compile them again."""

import jax

from stylejax.errors import StylejaxError
from stylejax.files.cache import compiled_folder, private_folder


def keep_compiled_programs() -> None:
    """Keep every program that took half a second to compile or more in the cache folder, if that can be written."""
    try:
        folder = private_folder(compiled_folder())
    except StylejaxError:
        return  # a home that cannot be written costs a compilation each time, not the picture
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)

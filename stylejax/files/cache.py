"""The cache of downloaded weights and compiled programs, and the place for arrays on disk.

The folder is `STYLEJAX_CACHE` if set, otherwise the operating system's cache folder of the user. The functions that return a
path create nothing; `private_folder` creates a folder before something is stored in it.
"""

import os
from pathlib import Path

import platformdirs

from stylejax.errors import StylejaxError
from stylejax.files.user_paths import user_path


def cache_folder() -> Path:
    """The root of the cache, an absolute path that may not exist yet."""
    chosen = os.environ.get("STYLEJAX_CACHE")
    if chosen:
        return user_path(chosen).absolute()
    return Path(platformdirs.user_cache_dir("stylejax", appauthor=False))


def weights_folder() -> Path:
    """The folder of converted and partly downloaded weight sets."""
    return cache_folder() / "weights"


def compiled_folder() -> Path:
    """The folder of JAX's compiled programs. Who can write here can run code as this user, hence `private_folder`."""
    return cache_folder() / "compiled"


def traced_folder() -> Path:
    """The folder of traced programs (`stylejax.run.programs.trace_store`), private for the same reason."""
    return cache_folder() / "traced"


def arrays_folder() -> Path:
    """The folder of arrays that memory has no room for (`stylejax.files.disk_arrays`)."""
    return cache_folder() / "arrays"


def private_folder(folder: Path) -> Path:
    """Create `folder` and the cache folder above it, accessible to this user alone (0o700), and return it.

    Raises:
        StylejaxError: the folder cannot be created or is a file; the message says to set STYLEJAX_CACHE.
    """
    try:
        for each in (cache_folder(), folder):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise StylejaxError(
            f"the cache folder {folder} cannot be made: {problem.strerror}; set STYLEJAX_CACHE to another"
        ) from None
    return folder

"""Where downloaded weights and compiled programs are kept.

The folder is `STYLEJAX_CACHE` when that is set, and otherwise the user's cache folder of the operating system. Asking
for a path makes nothing; `private_folder` makes it when something is first stored there.
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
    """Where converted and downloaded weight sets are kept."""
    return cache_folder() / "weights"


def compiled_folder() -> Path:
    """Where JAX keeps compiled programs. Whoever can write here can run code as this user, hence `private_folder`."""
    return cache_folder() / "compiled"


def private_folder(folder: Path) -> Path:
    """Make `folder` and the cache above it, open to this user alone (0o700) where they are new, and return it.

    Raises:
        StylejaxError: the folder cannot be made or is a file; the message says to set STYLEJAX_CACHE.
    """
    try:
        for each in (cache_folder(), folder):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise StylejaxError(
            f"the cache folder {folder} cannot be made: {problem.strerror}; set STYLEJAX_CACHE to another"
        ) from None
    return folder

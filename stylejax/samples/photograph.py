"""Freely usable photographs from the installed package scikit-image, without a download."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from stylejax.errors import ImageError, SettingsError
from stylejax.extras import require_extra
from stylejax.types import HostImage

_FILES = {
    "chelsea": "chelsea.png",  # CC0, Stefan van der Walt
    "coffee": "coffee.png",  # CC0, Rachel Michetti
    "astronaut": "astronaut.png",  # public domain, NASA
    "rocket": "rocket.jpg",  # public domain, SpaceX
}


def demo_photograph(name: str = "chelsea") -> HostImage:
    """Read a freely usable photograph: a cat, a cup of coffee, an astronaut or a rocket.

    Args:
        name: "chelsea", "coffee", "astronaut" or "rocket". The default, a cat, has large clear shapes, and eyes that remain
            recognizable in every style.

    Returns:
        float32 sRGB `[height, width, 3]` in [0, 1], with the size of the file (300 × 451 for the cat).

    Raises:
        SettingsError: `name` is not one of the photographs.
        MissingExtraError: scikit-image is not installed.
        ImageError: the installed scikit-image lacks the photograph.
    """
    if name not in _FILES:
        raise SettingsError(f"no photograph is called {name!r}; there are {', '.join(_FILES)}")
    require_extra("demo", "the demo's photograph")
    package = find_spec("skimage")
    assert package is not None and package.origin is not None
    path = Path(package.origin).parent / "data" / _FILES[name]
    if not path.is_file():
        raise ImageError(f"scikit-image has no {path}; reinstall it, or stylize a photograph of your own")
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"), np.float32) / 255

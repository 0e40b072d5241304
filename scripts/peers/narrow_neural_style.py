"""Run the published program `neural-style` (0.5.7) with another number of channels of its VGG-19.

    python narrow_neural_style.py 16,32,64,128,128 -content_image ... (flags of the program)

This is a separate program, because `neural-style` reads the command line when it is imported.
"""

import importlib.util
import sys
from types import ModuleType

# `neural-style` needs only the transforms of torchvision, which are plain Python. Importing torchvision itself would load
# operators that are compiled for one version of PyTorch and fail with others.
found = importlib.util.find_spec("torchvision")
assert found is not None and found.submodule_search_locations, "torchvision is not installed"
torchvision = sys.modules["torchvision"] = ModuleType("torchvision")
torchvision.__path__ = list(found.submodule_search_locations)

widths = [int(width) for width in sys.argv.pop(1).split(",")]

from neural_style.loader import CaffeLoader  # noqa: E402  # pyright: ignore[reportMissingImports]

CaffeLoader.channel_list["VGG-19"] = [
    channels for width, depth in zip(widths, (2, 2, 4, 4, 4), strict=True) for channels in (*[width] * depth, "P")
]

from neural_style import neural_style  # noqa: E402  # pyright: ignore[reportMissingImports]

neural_style.main()

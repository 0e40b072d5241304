"""Objectives for tests: `GRAMS` for comparisons of pictures digit by digit, independent of the defaults; `SHALLOW` for speed.

Adam's steps are discontinuous where a gradient is zero, so that two right runs part at such a pixel sooner or later. With these
numbers they have not within the few steps that the tests take.
"""

GRAMS = {
    "content_layers": "relu3_2,relu4_2",
    "content_norm": "none",
    "content_weight": 0.02,
    "style_layers": "relu1_1=2,relu2_1=1.5,relu3_1=1.5,relu4_1=1,relu5_1=.3",
    "style_loss": "gram+mean",
    "octaves": 1,
    "tv_weight": 10.0,
    "init": "content",
}
"""Gram matrices and means at one octave, content as it is, from the content."""

SHALLOW_GRAMS = GRAMS | {"content_layers": "relu2_1", "style_layers": "relu1_1=1,relu2_1=1"}
"""The same in layers that compile fast."""

SHALLOW = {"octaves": 1, "content_layers": "relu2_1", "style_layers": "relu1_1,relu2_1"}
"""Changes of the default objective that make it compile fast, for tests of something else."""

SHALLOW_FLAGS = [word for name, value in SHALLOW.items() for word in (f"--{name.replace('_', '-')}", str(value))]
"""The same for the command line."""

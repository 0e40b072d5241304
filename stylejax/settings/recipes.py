"""Published recipes as data: each is a `Settings`, and any flag overrides any part of it.

`stylejax.losses.normalization` defines what the weights mean. Where a recipe departs from its source, its comment says so.
"""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any

from stylejax.choices import RecipeName
from stylejax.errors import SettingsError, nearest
from stylejax.settings.derived import SETTINGS
from stylejax.settings.settings import Settings
from stylejax.settings.validation import check_used

_ONE_SCALE = 65535  # larger than any coarser scale
_published = partial(Settings, precision="float32", content_norm="none", octaves=1, init="content", detail=0.0, restart=False)
"""The default recipe without the features that published programs do not have."""
_RELUS = "relu1_1,relu2_1,relu3_1,relu4_1,relu5_1"
_CROWSON_TOTAL = 256 + 64 + 16 + 4 + 1

RECIPES: dict[RecipeName, Settings] = {
    "stylejax": Settings(),
    # Gatys, Ecker, Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016, eqs. 1 to 7. The paper gives
    # no count of steps and no distribution for its white noise; both are ours.
    "gatys-2016": _published(
        recipe="gatys-2016",
        init="noise",
        size_rule="short",
        style_fit="resize",
        model="vgg19",
        pooling="average",
        padding="zero",
        content_layers="conv4_2",
        style_layers="conv1_1=.2,conv2_1=.2,conv3_1=.2,conv4_1=.2,conv5_1=.2",
        style_loss="gram",
        normalization="gatys-2016",
        content_weight=1e-3,
        style_weight=1.0,
        tv_weight=0.0,
        optimizer="l-bfgs",
        history=100,
        learning_rate=0.02,
        iterations=500,
        smallest_size=_ONE_SCALE,
        noise=0.25,
    ),
    # Gatys, PytorchNeuralStyleTransfer notebook, 2017: 500 evaluations at 512 pixels, then 200 at 800.
    "gatys-code": _published(
        recipe="gatys-code",
        content_layers="relu4_2",
        style_layers=_RELUS,
        size=800,
        size_rule="short",
        style_fit="resize",
        model="vgg19",
        pooling="max",
        padding="zero",
        style_loss="gram",
        normalization="per-channel",
        content_weight=1.0,
        style_weight=1e3,
        tv_weight=0.0,
        space="caffe",
        optimizer="l-bfgs",
        history=100,
        learning_rate=1.0,
        iterations="500,200",
        smallest_size=512,
        scale_factor=800 / 512,
    ),
    # Johnson, neural-style, 2015, as its PyTorch port runs it. Total variation counts in 0-255 units: 1e-3 · 255.
    "neural-style": _published(
        recipe="neural-style",
        init="noise",
        content_layers="relu4_2",
        style_layers=_RELUS,
        style_fit="resize",
        model="vgg19",
        pooling="max",
        padding="zero",
        style_loss="gram",
        normalization="per-channel",
        content_weight=5.0,
        style_weight=100.0,
        variation="absolute",
        tv_weight=0.255,
        space="caffe",
        optimizer="l-bfgs",
        history=100,
        learning_rate=1.0,
        beta2=0.999,
        clamp=False,
        averaging=0.0,
        iterations=1000,
        smallest_size=_ONE_SCALE,
        size_rounding="down",
        resampling="bilinear",
        noise=1e-3,
    ),
    # Crowson, style-transfer-pytorch, 2021. Its gradient of a square root solves the Lyapunov equation of the converged root;
    # ours is that of the iterations which are run, 2.6 % away from it (photograph at 256 pixels, vgg19-slim).
    "crowson": _published(
        recipe="crowson",
        content_layers="relu4_2",
        model="vgg19-torchvision",
        pooling="max",
        padding="replicate-conv1_1",
        style_layers=",".join(f"relu{block}_1={4 ** (5 - block) / _CROWSON_TOTAL!r}" for block in range(1, 6)),
        style_loss="wasserstein",
        normalization="mean",
        content_weight=0.015,
        style_weight=1.0,
        variation="nine-point",
        tv_weight=2.0,
        learning_rate=0.02,
        iterations="1000,500",
        smallest_size=128,
        scale_factor=2**0.5,
        averaging=0.99,
        resampling="bicubic",
        carry="average",
    ),
    # The lesson's notebook (Udacity, 2018).
    "udacity": _published(
        recipe="udacity",
        content_layers="relu4_2",
        size=400,
        style_fit="stretch",
        model="vgg19-torchvision",
        pooling="max",
        padding="zero",
        style_layers="relu1_1=1,relu2_1=.75,relu3_1=.2,relu4_1=.2,relu5_1=.2",
        style_loss="gram",
        normalization="per-position",
        content_weight=1.0,
        style_weight=1e6,
        tv_weight=0.0,
        space="normalized",
        clamp=False,
        learning_rate=3e-3,
        beta2=0.999,
        averaging=0.0,
        iterations=2000,
        smallest_size=_ONE_SCALE,
    ),
    # Galerne, Raad, Lezama, Morel, "Scaling Painting Style Transfer", 2024, with the few steps at large scales ("fast"). The
    # program remembers 100 steps of L-BFGS at its first scale and 10 at the others; this remembers 10 at all.
    "spst": _published(
        recipe="spst",
        content_layers="relu4_2",
        style_layers=_RELUS,
        size="native",
        size_rule="short",
        resampling="bicubic",
        style_fit="pyramid",
        model="vgg19",
        pooling="max",
        padding="zero",
        style_loss="gram+moments",
        normalization="per-channel",
        content_weight=1.0,
        style_weight=1e3,
        moments_weight=10.0,
        tv_weight=0.0,
        space="caffe",
        optimizer="l-bfgs",
        history=10,
        learning_rate=1.0,
        iterations="600,200,66,30",
        smallest_size=512,
        scale_factor=2.0,
    ),
}


def recipe_named(name: str) -> Settings:
    """The settings of a recipe.

    Raises:
        SettingsError: there is no recipe of that name.
    """
    if name not in RECIPES:
        near = nearest(name, RECIPES, cutoff=0.6)
        meant = f"did you mean {near!r}? There" if near else "there"
        raise SettingsError(f"no recipe is called {name!r}; {meant} are {', '.join(RECIPES)}")
    return RECIPES[name]


def changes_of(settings: Settings) -> dict[str, Any]:
    """The settings whose value is not that of their recipe, by name."""
    recipe = recipe_named(settings.recipe)
    return {name: getattr(settings, name) for name in SETTINGS if getattr(settings, name) != getattr(recipe, name)}


def overrides_of(settings: Settings) -> dict[str, Any]:
    """Options that make these settings of any others: their recipe, and what they change in it."""
    return {"recipe": settings.recipe, **changes_of(settings)}


def settings_from(options: Mapping[str, Any], *, base: Settings | None = None) -> Settings:
    """The settings of `base`, or else of the recipe `options["recipe"]`, with `options` in place of some of them.

    Raises:
        SettingsError: an option or the recipe does not exist, a value is impossible, or a setting that differs from its recipe
            is not used.
    """
    for name in options:
        if name not in SETTINGS:
            raise SettingsError(f"no setting is called {name!r}; did you mean {nearest(name, SETTINGS)!r}?")
    recipe = options.get("recipe", "stylejax" if base is None else base.recipe)
    if base is not None and recipe != base.recipe:
        raise SettingsError(f"got settings of the recipe {base.recipe} and the recipe {recipe}; give only one of them")
    settings = base or recipe_named(recipe)
    if options:
        settings = dataclasses.replace(settings, **options)
    check_used(settings, changes_of(settings))
    return settings

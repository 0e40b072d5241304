"""Weights of the layers of a term."""

import math

from stylejax.choices import PIXELS
from stylejax.errors import SettingsError
from stylejax.network.layers import check_layer_names


def parse_layers(setting: str, text: str) -> dict[str, float]:
    """Read `relu1_1=1,relu2_1=.5` or `relu1_1,relu2_1`; a layer without a number has the weight 1.

    Raises:
        SettingsError: a layer does not exist or is named twice, or its weight is not a finite number of at least 0.
    """
    weights = {}
    for entry in filter(None, (entry.strip() for entry in text.split(","))):
        name, equals, number = (part.strip() for part in entry.partition("="))
        if name != PIXELS:
            check_layer_names([name])
        try:
            weight = float(number) if equals else 1.0
        except ValueError:
            weight = math.nan
        if not 0 <= weight <= 1e12:
            raise SettingsError(f"the weight of {name} in {setting} is {number}; it must be a number from 0 to 1e12")
        if name in weights:
            raise SettingsError(f"{setting} names {name} twice; name each layer once")
        weights[name] = weight
    return weights

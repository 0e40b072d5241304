"""The network as data: names, order, depth, sizes."""

from itertools import pairwise

import pytest

from stylejax.errors import SettingsError
from stylejax.network.layers import (
    CONV_NAMES,
    LAYER_NAMES,
    LAYERS,
    channels,
    check_layer_names,
    kernel_shapes,
    layers_up_to,
    smallest_side,
)


def test_names_run_from_the_picture_to_the_last_pooling():
    assert LAYER_NAMES[:7] == ("conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1", "conv2_1", "relu2_1")
    assert LAYER_NAMES[-5:] == ("conv5_3", "relu5_3", "conv5_4", "relu5_4", "pool5")
    assert len(LAYER_NAMES) == len(set(LAYER_NAMES)) == 16 + 16 + 5
    assert len(CONV_NAMES) == 16


def test_every_convolution_is_followed_by_its_relu():
    for layer, following in pairwise(LAYERS):
        if layer.kind == "conv":
            assert following == (layer.name.replace("conv", "relu"), "relu", layer.block)


@pytest.mark.parametrize(("wrong", "nearest"), [("relu4-2", "relu4_2"), ("Conv3_1", "conv3_1"), ("pool6", "pool")])
def test_an_unknown_name_suggests_the_nearest(wrong, nearest):
    with pytest.raises(SettingsError, match=f"{wrong}.*did you mean '{nearest}"):
        check_layer_names(["relu1_1", wrong])


def test_known_names_come_back_in_the_given_order():
    assert check_layer_names(name for name in ("relu4_1", "conv1_1")) == ("relu4_1", "conv1_1")


def test_the_run_ends_with_the_deepest_name_in_whatever_order():
    assert [layer.name for layer in layers_up_to(["relu1_2", "conv1_1"])] == ["conv1_1", "relu1_1", "conv1_2", "relu1_2"]
    assert layers_up_to(["pool5", "relu1_1"]) == LAYERS
    assert len(layers_up_to(["conv1_1"])) == 1


@pytest.mark.parametrize(
    ("names", "side"),
    [(["relu1_2"], 1), (["pool1"], 2), (["relu2_2"], 2), (["relu5_1", "relu1_1"], 16), (["pool5"], 32)],
)
def test_the_smallest_side_doubles_with_every_pooling(names, side):
    assert smallest_side(names) == side


def test_channels_are_those_of_the_block():
    assert [channels(name) for name in ("relu1_1", "conv2_2", "pool3", "relu4_2", "pool5")] == [64, 128, 256, 512, 512]
    assert channels("relu3_1", widths=(4, 8, 9, 12, 12)) == 9


def test_kernels_take_what_the_convolution_before_gives():
    shapes = kernel_shapes()
    assert tuple(shapes) == CONV_NAMES
    assert shapes["conv1_1"] == (3, 3, 3, 64)
    assert shapes["conv3_1"] == (3, 3, 128, 256)
    assert sum(9 * shape[2] * shape[3] + shape[3] for shape in shapes.values()) == 20_024_384  # as published
    narrow = list(kernel_shapes((1, 2, 3, 4, 5)).values())
    assert all(shape[2] == before[3] for before, shape in pairwise(narrow))

"""Which pictures can form a batch, and which targets they share: the keys, and the messages that follow from them."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stylejax.errors import SettingsError
from stylejax.images.masks import Regions
from stylejax.run.compatibility import batch_key, common_scales, grouped, program_key
from stylejax.run.inputs.job import Job
from stylejax.run.sharing import TargetKeys, planned_target_keys, shared_among
from stylejax.settings.derived import TRACED
from stylejax.settings.settings import Settings

STYLE = np.zeros((24, 32, 3), np.float32)
BASE = Settings(size=64, smallest_size=32, octaves=1, style_layers="relu1_1", content_layers="relu1_1")
CHANGES = [{}, {"iterations": 7}, {"style_layers": "relu2_1"}, {"style_weight": 3.0}, {"init": "noise"}, {"size": 48}]
CHANGES += [{"smallest_size": 0}, {"smallest_size": 0, "init": "noise"}, {"size_rounding": "down"}]


def job(change: dict, shape: tuple[int, int], regions: int) -> Job:
    masks = np.ones((regions, *shape), np.float32) / max(regions, 1)
    styles = tuple(np.ones((1, 24, 32), np.float32) for _ in range(regions))
    return Job(
        content=np.zeros((*shape, 3), np.float32),
        styles=(STYLE,) * max(regions, 1),
        settings=dataclasses.replace(BASE, **change),
        regions=Regions(masks, styles) if regions else None,
    )


JOBS = st.builds(job, st.sampled_from(CHANGES), st.sampled_from([(48, 64), (64, 48), (96, 128)]), st.sampled_from([0, 2, 3]))


@pytest.mark.slow
@settings(max_examples=300)
@given(JOBS, JOBS)
def test_pictures_form_a_batch_exactly_if_their_keys_are_equal(one, other):
    if batch_key(one) == batch_key(other):
        assert common_scales([one, other]) == batch_key(one).scales
    else:
        with pytest.raises(SettingsError, match=r"^picture 2 [^\n]*$"):
            common_scales([one, other])


def test_traced_settings_do_not_change_the_program():
    assert {"style_weight", "learning_rate", "seed"} <= TRACED
    alike = [BASE, dataclasses.replace(BASE, style_weight=3.0, seed=4, learning_rate=0.1, style_layers="relu1_1=2")]
    assert len({program_key(each) for each in alike}) == 1


def test_groups_keep_the_order_of_their_first_members():
    assert grouped("abca", lambda letter: letter) == [[0, 3], [1], [2]]


def test_shared_targets_are_those_whose_keys_are_all_equal():
    assert shared_among([TargetKeys(1, 2, 3), TargetKeys(1, 5, 3)]) == (True, False, True)


@pytest.mark.parametrize(
    ("changes", "shared"),
    [
        ([{}, {"style_weight": 2.0}], (True, True, True)),
        ([{}, {"style_scale": 0.5}], (True, False, True)),
        ([{}, {"keep_color": "luminance"}], (False, False, True)),
        ([{}, {"strength": 0.5}], (True, False, True)),
    ],
)
def test_settings_that_have_a_part_in_targets_keep_them_apart(changes, shared):
    keys = [planned_target_keys(dataclasses.replace(BASE, **change), "content", ("style",)) for change in changes]
    assert shared_among(keys) == shared


def test_a_style_that_is_mixed_with_the_content_is_that_of_one_content():
    mixed = dataclasses.replace(BASE, strength=0.5)
    assert shared_among([planned_target_keys(mixed, content, ("style",)) for content in ("a", "b")]) == (False, False, True)
    assert shared_among([planned_target_keys(BASE, content, ("style",)) for content in ("a", "b")]) == (False, True, True)
    masked = [
        planned_target_keys(BASE, content, ("style",), content_masks=("m",), style_masks=("n",)) for content in ("a", "b")
    ]
    assert shared_among(masked) == (False, False, False)

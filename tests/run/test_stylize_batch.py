"""`stylize_batch`: loss weights of each picture, different shapes, and pictures that fail."""

import numpy as np
import pytest
from objectives import SHALLOW_GRAMS

import stylejax
from stylejax.errors import SettingsError
from stylejax.run.inputs.requests import check_shapes
from stylejax.run.progress import Failure

SHALLOW = {**SHALLOW_GRAMS, "size": 32, "smallest_size": 32, "iterations": 3}


@pytest.fixture(scope="module")
def options(tiny_model):
    return {"model": tiny_model, **SHALLOW}


@pytest.mark.slow
def test_each_picture_is_that_of_a_single_run_with_its_weights(options, pictures):
    content, style = pictures
    weights = [1, {"style_weight": 5.0, "content_weight": 0.5}, {"tv_weight": 0.0}]
    results = stylejax.stylize_batch(content, style, loss_weights=weights, **options)
    assert [p.settings.style_weight for p in results] == [1, 5, 1]
    for result, own in zip(results[1:], weights[1:], strict=True):
        alone = stylejax.stylize(content, style, **{**options, **own})
        np.testing.assert_allclose(result.image, alone.image, atol=1e-4)


@pytest.mark.slow
def test_a_picture_that_fails_is_frozen_and_the_others_finish_as_if_alone(options, pictures):
    content, style = pictures
    overflowing = {"init": "noise", "noise": 1e6, "style_weight": 1e12, "style_layers": "relu1_1=1e12,relu2_1=1e12"}
    good, failed = stylejax.stylize_batch(content, style, each=[{}, overflowing], clamp=False, **options)
    alone = stylejax.stylize(content, style, clamp=False, **options)
    np.testing.assert_allclose(good.image, alone.image, atol=1e-4)
    assert (good.failure, failed.failure) == (None, Failure(scale=1, step=0))
    assert np.isfinite(failed.image).all()


@pytest.mark.slow
def test_contents_of_different_shapes_are_named_and_grouped_or_resized_on_request(options, pictures):
    content, style = pictures
    upright = np.ascontiguousarray(content.swapaxes(0, 1))
    contents = [content, upright, content[::-1].copy()]
    with pytest.raises(SettingsError, match=r"picture 2 would be 24×32 pixels and picture 1 32×24.*'group'.*'resize'"):
        stylejax.stylize_batch(contents, style, **options)
    seen = []
    grouped = stylejax.stylize_batch(contents, style, shapes="group", observe=seen.append, **options)
    assert [p.image.shape for p in grouped] == [(24, 32, 3), (32, 24, 3), (24, 32, 3)]
    assert [len(progress.records) for progress in seen] == [2, 1]
    assert [progress.fraction for progress in seen] == pytest.approx([2 / 3, 1])
    alone = stylejax.stylize(upright, style, **options)
    np.testing.assert_allclose(grouped[1].image, alone.image, atol=1e-4)
    resized = stylejax.stylize_batch(contents, style, shapes="resize", **options)
    assert [p.image.shape for p in resized] == [p.image.shape for p in grouped]
    np.testing.assert_allclose(resized[2].image, grouped[2].image, atol=1e-4)
    assert np.abs(resized[1].image - grouped[1].image).mean() < 0.1  # stretched strokes, the same picture


@pytest.mark.parametrize(
    ("contents", "styles", "more", "message"),
    [
        (0, 0, {}, "got no picture to paint"),
        (0, None, {}, "got no picture to paint"),
        (2, None, {"loss_weights": [1, 2, 3]}, "got 2 contents and 3 loss weights; give one of each"),
        (3, None, {"loss_weights": [1, 2]}, "got 3 contents and 2 loss weights"),
        (2, 1, {}, "got 2 contents and 1 styles"),
        (None, None, {}, "got no picture to paint"),
        (2, None, {"each": [{}]}, "got 2 contents and 1 sets of options"),
        (1, None, {"loss_weights": [{"learning_rate": 1}]}, "loss_weights have 'learning_rate'"),
    ],
)
def test_bad_batches_are_refused_in_one_line(options, pictures, contents, styles, more, message):
    content, style = pictures
    contents = content if contents is None else [content] * contents
    styles = style if styles is None else [style] * styles
    with pytest.raises(SettingsError, match=message) as refused:
        stylejax.stylize_batch(contents, styles, **more, **options)
    assert "\n" not in str(refused.value)


def test_a_treatment_of_shapes_that_does_not_exist_is_refused():
    with pytest.raises(SettingsError, match="shapes is 'crop'; it must be one of same, group, resize"):
        check_shapes("crop")

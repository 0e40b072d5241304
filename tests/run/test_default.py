"""The default recipe, with its current numbers, on a tiny network: optimizers, checkpoints, regions, batches."""

import numpy as np
import pytest

import stylejax
from stylejax.run.result import StylizeInterrupted
from stylejax.settings.settings import Settings

SMALL = {"size": 64, "smallest_size": 48, "scale_factor": 4 / 3, "iterations": 12}
"""Two scales, into both of which three octaves of relu4_1 fit."""

SHALLOW = {"content_layers": "relu2_1", "style_layers": "pixels=3,relu1_1=1,relu2_1=1"}
"""Layers that compile fast."""


def test_the_default_has_the_parts_that_these_tests_are_about():
    settings = Settings()
    assert (settings.style_loss, settings.content_norm, settings.init) == ("covariance", "instance", "recolored")
    assert settings.octaves > 1 and settings.strength == 1 and settings.detail > 0
    assert "pixels" in settings.style_layer_weights


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"optimizer": "l-bfgs", **SHALLOW}], ids=["adam", "l-bfgs"])
def test_the_loss_falls_and_a_checkpoint_resumes_to_the_same_bits(tiny_model, pictures, tmp_path, changes):
    options = {**SMALL, "model": tiny_model, **changes}
    whole = stylejax.stylize(*pictures, **options)
    assert whole.image.shape == (48, 64, 3)
    for scale in (1, 2):
        totals = [record["total"] for record in whole.trace if record["scale"] == scale]
        assert len(totals) == 12 and np.isfinite(totals).all()
        assert min(totals) < totals[0]
    assert min(record["style"] for record in whole.trace) < 0.8 * whole.trace[0]["style"]

    def stop(progress):
        if (progress.scale, progress.step) == (2, 10):
            raise KeyboardInterrupt

    with pytest.raises(StylizeInterrupted):
        stylejax.stylize(*pictures, checkpoint=stylejax.Checkpoint(tmp_path), observe=stop, **options)
    checkpoint = stylejax.Checkpoint(tmp_path)
    resumed = stylejax.stylize(*pictures, checkpoint=checkpoint, **options)
    assert (checkpoint.resumed.scale, checkpoint.resumed.step) == (2, 10)
    assert np.array_equal(resumed.image, whole.image)
    assert resumed.trace == whole.trace


@pytest.mark.slow
def test_pictures_with_regions_of_their_own_strengths_and_blends_are_their_single_runs(tiny_model, pictures):
    content, style = pictures
    other = np.ascontiguousarray(style[..., ::-1])
    masks = np.zeros((2, 48, 64), np.float32)
    masks[0, :, :30], masks[1, :, 30:] = 1, 1
    options = {**SHALLOW, "size": 64, "smallest_size": 64, "iterations": 3, "model": tiny_model}
    numbers = [{"strength": 0.4}, {"content_weight": 2.0}]
    regions = [list(masks), list(masks[::-1])]
    together = stylejax.stylize_batch([content] * 2, [[style, other]] * 2, content_masks=regions, each=numbers, **options)
    for painting, own, placed in zip(together, numbers, regions, strict=True):
        alone = stylejax.stylize(content, style, other, content_masks=placed, **options, **own)
        # On average: Adam takes a whole step where a gradient is nothing but rounding.
        assert np.abs(painting.image - alone.image).mean() < 2e-4
    assert np.abs(together[0].image - together[1].image).mean() > 0.02

"""The script that trains the included network: gradients, resuming, and the weight file."""

import io
import os
import signal
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from slim_training import schedule, training
from slim_training.checkpoint import load_checkpoint, save_checkpoint
from slim_training.convolution import convolve
from slim_training.export import fold, normalize, run_folded
from slim_training.network import Arrays, initial_parameters, initial_statistics, logits
from slim_training.pictures import load_pictures, training_batch
from slim_training.schedule import Phase, ends, stretched
from slim_training.settings import Settings
from slim_training.training import Training

from stylejax.errors import StylejaxError
from stylejax.network.layers import kernel_shapes
from stylejax.weights.weight_set import read_weights


@pytest.fixture(autouse=True)
def broadcasting():
    """The training programs, which are no part of the library, broadcast over channels."""
    with jax.numpy_rank_promotion("allow"):
        yield


WIDTHS = (4, 4, 6, 6, 6)


def pack(path: Path, labels: list[int], rng: np.random.Generator) -> None:
    """Write noisy pictures whose color depends on the label, in the format of the training data."""
    encoded = []
    for label in labels:
        picture = rng.integers(0, 80, (20, 20, 3), np.uint8)
        picture[..., label] += 120
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "PNG")
        encoded.append(file.getvalue())
    offsets = np.cumsum([0, *map(len, encoded)])
    images = np.frombuffer(b"".join(encoded), np.uint8)
    classes = np.array(["red", "green", "blue"])
    np.savez(path, images=images, offsets=offsets, labels=np.array(labels, np.int16), classes=classes)


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Settings:
    """Two phases of three steps each, on a data set of 24 pictures."""
    monkeypatch.setattr(schedule, "SHARES", ((16, 12, 1), (20, 16, 1)))
    rng = np.random.default_rng(0)
    data = tmp_path / "data"
    data.mkdir()
    for index in range(2):
        pack(data / f"train-{index}.npz", [0, 1, 2] * 4, rng)
    pack(data / "heldout.npz", [0, 1, 2], rng)
    output = tmp_path / "slim.safetensors"
    return Settings(data, tmp_path / "a", cache=tmp_path / "cache", output=output, batch=8, widths=WIDTHS)


def random_network() -> tuple[Arrays, Arrays, jax.Array]:
    """Parameters and statistics like those of a trained network (no zero means, no unit variances), and images."""
    rng = np.random.default_rng(0)
    parameters = initial_parameters(0, WIDTHS, 3)
    parameters |= {name: array + 0.5 for name, array in parameters.items() if name.endswith("/shift")}
    statistics = initial_statistics(WIDTHS)
    statistics = {name: array + rng.uniform(0.1, 0.3, array.shape).astype(np.float32) for name, array in statistics.items()}
    return parameters, statistics, jnp.asarray(rng.standard_normal((5, 24, 24, 3)), jnp.float32)


def value_and_gradients(convolution, features, kernel) -> tuple[jax.Array, ...]:
    def energy(x, k):
        value = convolution(x, k)
        return (value**3).sum(), value

    (_, value), gradients = jax.jit(jax.value_and_grad(energy, (0, 1), has_aux=True))(features, kernel)
    return value, *gradients


@pytest.mark.parametrize("shape", [(2, 7, 6, 3), (2, 6, 5, 4), (3, 2, 2, 5), (3, 1, 2, 5), (3, 1, 1, 4)], ids=str)
def test_the_convolution_and_its_gradients_are_those_of_autodiff(shape):
    rng = np.random.default_rng(0)
    features = jnp.asarray(rng.standard_normal(shape), jnp.float32)
    kernel = jnp.asarray(rng.standard_normal((3, 3, shape[3], 7)), jnp.float32)

    def plain(x, k):
        return jax.lax.conv_general_dilated(x, k, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    for wanted, got in zip(
        value_and_gradients(plain, features, kernel), value_and_gradients(convolve, features, kernel), strict=True
    ):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4 * float(np.abs(wanted).max()))


@pytest.mark.slow
def test_folding_and_normalizing_keep_the_scores_and_equalize_the_layers():
    parameters, statistics, images = random_network()
    wanted, _ = jax.jit(logits)(parameters, images, statistics=statistics)
    folded = fold(parameters, statistics)
    scores, means = run_folded(folded, images)
    np.testing.assert_allclose(scores, wanted, rtol=1e-3, atol=1e-4)
    normalized = normalize(folded, means)
    scores, means = run_folded(normalized, images)
    np.testing.assert_allclose(scores, wanted, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(np.array(list(means.values())), 1, rtol=1e-3)


@pytest.mark.slow
def test_normalizing_does_not_scale_a_dead_layer():
    parameters, statistics, images = random_network()
    parameters["conv3_2/shift"] -= 1000.0
    folded = fold(parameters, statistics)
    scores, means = run_folded(folded, images)
    assert means["conv3_2"] == 0
    normalized = normalize(folded, means)
    assert all(np.isfinite(array).all() for array in normalized.values())
    np.testing.assert_allclose(run_folded(normalized, images)[0], scores, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_a_resumed_training_equals_an_uninterrupted_one(settings, monkeypatch, tmp_path):
    whole = Training(settings)
    assert whole.run()

    calls = []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return training_batch(*arguments)

    other = replace(settings, checkpoints=tmp_path / "b")
    monkeypatch.setattr(training, "training_batch", interrupted)
    first = Training(other)
    assert not first.run()
    assert first.step == 2
    second = Training(other)
    assert second.step == 2
    assert second.run()
    assert len(calls) == whole.step == second.step == 6
    for wanted, got in zip(jax.tree.leaves(whole.state), jax.tree.leaves(second.state), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)

    timed = Training(replace(other, minutes=0.1))
    assert timed.phases[0] == whole.phases[0]
    assert timed.phases[1].steps >= whole.phases[1].steps

    score = second.finish()
    assert settings.output.is_file()
    weights = read_weights(settings.output)
    assert weights.widths == WIDTHS
    assert weights.name == "vgg19-slim"
    assert weights.preprocessing.name == "torchvision"
    assert {name: array.shape for name, array in weights.arrays.items() if name.endswith("kernel")} == {
        f"{name}/kernel": shape for name, shape in kernel_shapes(WIDTHS).items()
    }
    about = weights.provenance
    assert about["heldout_top1"] == f"{score:.4f}"
    assert (about["epochs"], about["steps"], about["seed"]) == ("2.0", "6", "0")
    assert about["trained_on"] == "data: 24 pictures in 3 classes"
    assert (about["license"], about["pooling"], about["padding"]) == ("Apache-2.0", "max", "zero")
    assert about["created_by"].startswith("stylejax ")
    assert settings.output.stat().st_size < 2.5 * sum(array.size for array in weights.arrays.values()) + 5000


def test_a_batch_depends_on_seed_and_step_alone_and_an_epoch_sees_each_picture_once(settings, tmp_path):
    pictures = load_pictures(settings.data, tmp_path / "cache", "train", 20)
    np.testing.assert_array_equal(training_batch(pictures, 5, 8, 12, 7)[0], training_batch(pictures, 5, 8, 12, 7)[0])
    assert (training_batch(pictures, 5, 8, 12, 7)[0] != training_batch(pictures, 5, 8, 12, 8)[0]).any()
    seen = np.concatenate([training_batch(pictures, step, 8, 20, 0)[0] for step in range(3)])
    upright = {min(picture.tobytes(), picture[:, ::-1].tobytes()) for picture in seen}
    assert upright == {min(picture.tobytes(), picture[:, ::-1].tobytes()) for picture in pictures.images}


def test_a_stretched_schedule_keeps_completed_steps_and_has_the_requested_cost():
    phases = (Phase(16, 12, 100), Phase(20, 16, 100), Phase(24, 20, 50))
    shorter = stretched(phases, 140, (1.0, 2.0, 4.0), 160.0)
    assert [phase.steps for phase in shorter] == [100, 40 + 30, 25]
    assert ends(shorter) == [100, 170, 195]


def test_a_completed_training_is_extended_in_its_last_phase():
    phases = (Phase(16, 12, 100), Phase(20, 16, 50))
    assert stretched(phases, 150, (1.0, 2.0), 60.0) == (Phase(16, 12, 100), Phase(20, 16, 80))
    assert stretched(phases, 150, (1.0, 2.0), -60.0) == phases


def test_a_checkpoint_of_another_network_is_rejected(tmp_path):
    path = tmp_path / "state.npz"
    save_checkpoint(path, initial_statistics(WIDTHS), {"step": 3})
    assert load_checkpoint(path, initial_statistics(WIDTHS))[1] == {"step": 3}
    with pytest.raises(StylejaxError, match=r"another network.*conv3_1.* is \(6,\) and not \(8,\)"):
        load_checkpoint(path, initial_statistics((4, 4, 8, 6, 6)))


def test_a_damaged_checkpoint_is_rejected(tmp_path):
    path = tmp_path / "state.npz"
    save_checkpoint(path, initial_statistics(WIDTHS), {})
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(StylejaxError, match="cannot be read"):
        load_checkpoint(path, initial_statistics(WIDTHS))


def test_a_folder_without_pictures_is_rejected(settings, tmp_path):
    with pytest.raises(StylejaxError, match=r"has no train-0\.npz"):
        Training(replace(settings, data=tmp_path, cache=tmp_path / "other"))


def test_a_cache_of_other_pictures_is_rejected(settings, tmp_path):
    load_pictures(settings.data, tmp_path / "cache", "heldout", 20)
    pack(settings.data / "heldout.npz", [0, 1], np.random.default_rng(1))
    with pytest.raises(StylejaxError, match="another data set"):
        load_pictures(settings.data, tmp_path / "cache", "heldout", 20)

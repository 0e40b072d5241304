"""Precision: what `auto` chooses, what is refused, and that the lowered programs multiply what was asked for."""

import re

import jax.numpy as jnp
import numpy as np
import pytest
from objectives import GRAMS
from programs import lowered_program

import stylejax
from stylejax.errors import SettingsError
from stylejax.network import algorithms as device
from stylejax.run.inputs.job import Job
from stylejax.settings.settings import Settings
from stylejax.weights.load import build_model

LAYERS = ("relu1_1", "relu4_2", "relu5_1")
OBJECTIVE = {**GRAMS, "size": 48, "smallest_size": 48}


@pytest.fixture
def accelerator(monkeypatch):
    """Make `device` report a GPU."""
    monkeypatch.setattr(device.backend, "platform", lambda: "gpu")
    return monkeypatch


def test_on_a_cpu_auto_is_float32_and_saves_multiplications():
    assert device.resolve_precision("auto") == "float32"
    assert device.resolve_algorithms("direct", (16, 32, 64, 128, 128), "float32") == device.Algorithms()
    chosen = device.resolve_algorithms("auto", (16, 32, 64, 128, 128), "float32")
    assert {"conv2_1", "conv3_1", "conv5_4"} < set(chosen.winograd)
    assert not {"conv1_1", "conv1_2"} & set(chosen.winograd)  # too few channels
    assert chosen.unfolded == ("conv1_1",)


def test_on_a_gpu_auto_is_bfloat16_by_the_direct_algorithm(accelerator):
    assert device.resolve_precision("auto") == "bfloat16"  # the probe runs on what there is
    assert device.resolve_algorithms("auto", (64, 128, 256, 512, 512), "bfloat16") == device.Algorithms()


def test_where_bfloat16_fails_auto_falls_back_with_a_warning(accelerator):
    accelerator.setattr(device, "bfloat16_problem", lambda: "no kernel image")
    with pytest.warns(RuntimeWarning, match=r"no kernel image.*computing in tf32"):
        assert device.resolve_precision("auto") == "tf32"
    with pytest.raises(SettingsError, match=r"no kernel image.*use tf32 or float32"):
        device.resolve_precision("bfloat16")


def test_what_the_device_or_the_algorithm_lacks_is_refused(tiny_weights):
    with pytest.raises(SettingsError, match="tf32, which only NVIDIA GPUs have; on this cpu use float32"):
        build_model(tiny_weights, precision="tf32")
    with pytest.raises(SettingsError, match="winograd, which computes in float32, and precision bfloat16"):
        build_model(tiny_weights, precision="bfloat16", convolution="winograd")


@pytest.mark.slow
def test_bfloat16_features_are_those_of_float32_to_a_percent(tiny_weights, pictures):
    image = jnp.asarray(pictures[0])
    exact, rough = (build_model(tiny_weights, precision=name)(image, LAYERS) for name in ("float32", "bfloat16"))
    for layer in LAYERS:
        assert rough[layer].dtype == jnp.bfloat16
        away = np.linalg.norm(rough[layer].astype(jnp.float32) - exact[layer]) / np.linalg.norm(exact[layer])
        assert 0 < away < 0.02


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"style_loss": "wasserstein"}])
def test_painting_in_bfloat16_ends_near_float32(tiny_weights, pictures, options):
    """On average: where a single painting ends depends on every rounding on its way, in float32, too."""
    content, style = pictures
    noise = np.random.default_rng(0).normal(0, 0.1 / 255, (6, *content.shape))
    contents = list(np.clip(content + noise, 0, 1).astype(np.float32))
    totals = []
    for precision in ("float32", "bfloat16"):
        model = build_model(tiny_weights, precision=precision, convolution="direct")  # precision alone is to differ
        results = stylejax.stylize_batch(contents, style, model=model, iterations=30, **OBJECTIVE | options)
        assert results[0].image.dtype == np.float32
        totals.append([painting.trace[-1]["total"] for painting in results])
    assert np.mean(totals[1]) == pytest.approx(np.mean(totals[0]), rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"normalize_gradients": True}, {"optimizer": "l-bfgs"}])
def test_what_follows_the_gradient_closely_still_gets_down_in_bfloat16(tiny_weights, pictures, options):
    model = build_model(tiny_weights, precision="bfloat16")
    trace = stylejax.stylize(*pictures, model=model, iterations=30, **OBJECTIVE | options).trace
    assert min(record["total"] for record in trace) < 0.7 * trace[0]["total"]


@pytest.mark.slow
@pytest.mark.parametrize("platform", ["cuda", "tpu"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_step_lowers_for_accelerators_with_the_precision_asked_for(tiny_weights, pictures, platform, precision):
    content, style = pictures
    model = build_model(tiny_weights, precision=precision, convolution="direct")
    jobs = [Job(content, (style,), Settings(**OBJECTIVE, style_weight=weight)) for weight in (1.0, 2.0)]
    program = lowered_program(model, jobs, 36, 48, platform)
    convolutions = [line for line in program.splitlines() if "stablehlo.convolution" in line]
    assert len(convolutions) == 2 * 13  # conv1_1 to conv5_1, forward and for the gradient
    for line in convolutions:
        operands, result = re.search(r": \((.*)\) -> (.*)", line).groups()
        assert operands.count("bf16>" if precision == "bfloat16" else "xf32>") == 2, line
        assert ("bf16" in result) == (precision == "bfloat16")
        assert "feature_group_count = 1 " in line
        assert "batch_group_count = 1 " in line

"""Strength: from the photograph to the painting, as a number of each picture."""

import jax
import numpy as np
import pytest
from programs import compiled_programs

import stylejax
from stylejax.batch.plan.groups import group_rows
from stylejax.batch.records import JobSpec
from stylejax.cli.main import main
from stylejax.errors import SettingsError
from stylejax.images.io.read import read_picture
from stylejax.images.io.write import write_picture
from stylejax.images.masks import read_regions
from stylejax.images.resize import resize
from stylejax.optimize.chunk import Shared
from stylejax.run.inputs.job import Job
from stylejax.run.targets import batch_targets, shared_targets
from stylejax.settings.objective_spec import objective_spec
from stylejax.settings.recipes import settings_from
from stylejax.settings.settings import Settings
from stylejax.weights.weight_set import write_weights

TINY = {
    "content_layers": "relu2_1",
    "content_norm": "instance",
    "content_weight": 0.1,
    "tv_weight": 5.0,
    "style_layers": "pixels,relu1_1,relu2_1",
    "style_loss": "covariance",
    "octaves": 2,
    "size": 48,
    "smallest_size": 48,
    "iterations": 12,
    "averaging": 0.9,
}
"""The parts of the default objective, in layers that compile fast."""


def away(image, content):
    """Mean distance from the photograph."""
    return float(np.abs(image - resize(content, *image.shape[:2])).mean())


def assert_alike(one, other):
    """On average: Adam takes a whole step where a gradient is nothing but rounding."""
    assert np.abs(one - other).mean() < 5e-4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("optimizer", "smallest", "init"),
    [("adam", 24, "recolored"), ("adam", 48, "recolored"), ("adam", 48, "content"), ("l-bfgs", 24, "recolored")],
)
def test_without_strength_the_photograph_comes_back(tiny_model, pictures, optimizer, smallest, init):
    content, style = pictures
    options = TINY | {"optimizer": optimizer, "smallest_size": smallest, "init": init}
    if optimizer == "l-bfgs":
        options |= {"averaging": Settings().averaging, "history": 2, "style_layers": "pixels,relu1_1"}  # compiles fast
    result = stylejax.stylize(content, style, model=tiny_model, strength=0.0, **options)
    assert result.trace[-1]["scale"] == 48 // smallest
    np.testing.assert_allclose(result.image, resize(content, 36, 48), atol=1e-3)


@pytest.mark.slow
def test_gray_photographs_come_back_too(tiny_model, pictures):
    content, style = pictures
    gray = np.repeat(content[..., 2:], 3, 2)
    tinted = np.clip(gray * np.array([1, 0.99, 0.98], np.float32), 0, 1)  # less colorful than what counts as color
    result = stylejax.stylize(tinted, style, model=tiny_model, strength=0.0, **TINY)
    np.testing.assert_allclose(result.image, resize(tinted, 36, 48), atol=1e-3)


@pytest.fixture(scope="module")
def batch(tiny_model, pictures):
    """A batch of one content and style in five strengths, and how many programs it took."""
    strengths = [0.0, 0.25, 0.5, 0.75, 1.0]
    with compiled_programs() as compiled:
        results = stylejax.stylize_batch(
            *pictures, model=tiny_model, each=[{"strength": strength} for strength in strengths], **TINY
        )
    return results, compiled["run_chunk"]


@pytest.mark.slow
def test_pictures_of_one_program_have_strengths_of_their_own_and_lie_in_between(batch, pictures):
    results, programs = batch
    assert programs == 1
    far = [away(result.image, pictures[0]) for result in results]
    assert far == sorted(far)
    assert far[0] < 1e-3 < 0.02 < far[-1]
    assert 0.2 * far[-1] < far[2] < 0.9 * far[-1]
    assert [result.settings.strength for result in results] == [0.0, 0.25, 0.5, 0.75, 1.0]


@pytest.mark.slow
def test_a_picture_of_a_batch_is_its_single_run_and_another_strength_runs_the_same_program(tiny_model, pictures, batch):
    options = {"model": tiny_model, **TINY}
    half = stylejax.stylize(*pictures, strength=0.5, **options)
    assert_alike(batch[0][2].image, half.image)
    with compiled_programs() as compiled:
        for strength in (0.1, 0.9, 1.0):
            stylejax.stylize(*pictures, strength=strength, **options)
    assert not compiled["run_chunk"]


@pytest.mark.parametrize("statistic", ["gram", "covariance"])
def test_the_target_is_that_of_a_picture_which_has_the_style_in_a_part_of_it(tiny_model, pictures, statistic):
    content, style = (np.ascontiguousarray(picture[:36, :48]) for picture in pictures)
    options = {**TINY, "style_layers": "pixels", "octaves": 1, "style_loss": statistic, "style_fit": "resize"}

    def target(strength, *styles):
        job = Job(content, styles or (style,), Settings(**options, strength=strength))
        targets, _ = batch_targets(tiny_model, [job], 36, 48, objective_spec(job.settings))
        return {part: np.asarray(value[0]) for part, value in targets.style["pixels"].parts.items()}

    pixels = [picture.reshape(-1, 3) for picture in (style, content)]
    for strength, times in ((0.75, (3, 1)), (0.5, (1, 1)), (0.0, (0, 1)), (1.0, (1, 0))):
        flat = np.concatenate([each for each, count in zip(pixels, times, strict=True) for _ in range(count)])
        got = target(strength)
        if statistic == "gram":
            np.testing.assert_allclose(got["gram"], flat.T @ flat / len(flat), rtol=1e-3, atol=1e-4)
        else:
            np.testing.assert_allclose(got["mean"], flat.mean(0), rtol=1e-4)
            np.testing.assert_allclose(got["covariance"], np.cov(flat.T, bias=True), rtol=1e-3, atol=1e-4)


def test_a_blend_keeps_its_proportions_at_less_strength(tiny_model, pictures):
    content, style = (np.ascontiguousarray(picture[:36, :48]) for picture in pictures)
    options = {**TINY, "style_layers": "pixels", "octaves": 1, "style_blend": "3,1", "strength": 0.6}
    job = Job(content, (style, style[..., ::-1].copy()), Settings(**options))
    targets, _ = batch_targets(tiny_model, [job], 36, 48, objective_spec(job.settings))
    mean = 0.6 * (0.75 * style.mean((0, 1)) + 0.25 * style[..., ::-1].mean((0, 1))) + 0.4 * content.mean((0, 1))
    np.testing.assert_allclose(targets.style["pixels"].parts["mean"][0], mean, rtol=1e-4)


@pytest.mark.slow
def test_each_region_is_mixed_with_what_the_content_shows_there(tiny_model, pictures):
    content, style = (np.ascontiguousarray(picture[:36, :48]) for picture in pictures)
    masks = np.zeros((2, 36, 48), np.float32)
    masks[0, :, :20], masks[1, :, 20:] = 1, 1
    options = {"content_masks": list(masks), "model": tiny_model, **TINY}
    other = np.ascontiguousarray(style[..., ::-1])
    results = [stylejax.stylize(content, style, other, strength=strength, **options) for strength in (0.0, 0.5, 1.0)]
    far = [away(result.image, content) for result in results]
    assert far[0] < 1e-3 < far[1] < far[2]

    regions = read_regions(list(masks), (), (36, 48), [(36, 48)] * 2)
    job = Job(content, (style, other), Settings(**TINY, strength=0.5), regions=regions)
    targets, _ = batch_targets(tiny_model, [job], 36, 48, objective_spec(job.settings))
    for region, (own, columns) in enumerate(((style, slice(0, 20)), (other, slice(20, 48)))):
        mean = (own.mean((0, 1)) + content[:, columns].mean((0, 1))) / 2
        np.testing.assert_allclose(targets.style["pixels"].parts["mean"][0, region], mean, rtol=1e-4)


def test_pictures_share_style_targets_only_where_the_content_has_no_part_in_them(pictures):
    content, style = pictures
    other = np.ascontiguousarray(content[::-1])

    def shared(*jobs):
        return shared_targets([Job(each, (style,), Settings(**TINY, strength=strength)) for each, strength in jobs], 36, 48)

    assert shared((content, 1.0), (other, 1.0)) == Shared(content=False, style=True, guides=True)
    assert not shared((content, 0.5), (other, 0.5)).style
    assert not shared((content, 1.0), (content, 0.5)).style
    assert shared((content, 0.5), (content, 0.5)).style


def test_rows_of_a_table_share_style_targets_only_where_the_content_has_no_part_in_them():
    def shared(*rows):
        (group,) = group_rows(
            [
                (JobSpec(n, content, ("s.png",), f"{n}.png", settings_from({**TINY, "strength": strength})), (36, 48))
                for n, (content, strength) in enumerate(rows)
            ]
        )[0]
        return group.shared

    assert shared(("a.png", 1.0), ("b.png", 1.0)).style
    assert not shared(("a.png", 0.5), ("b.png", 0.5)).style
    assert not shared(("a.png", 0.5), ("b.png", 1.0)).style
    assert shared(("a.png", 0.5), ("a.png", 0.5)).style


@pytest.mark.slow
def test_a_batch_of_contents_at_half_the_strength_paints_each_towards_its_own(tiny_model, pictures):
    content, style = pictures
    contents = [content, np.ascontiguousarray(content[::-1, :, ::-1])]
    options = {"model": tiny_model, "strength": 0.3, **TINY}
    together = stylejax.stylize_batch(contents, style, **options)
    for result, own in zip(together, contents, strict=True):
        alone = stylejax.stylize(own, style, **options)
        assert_alike(result.image, alone.image)


@pytest.mark.slow
def test_a_sweep_over_strengths_is_one_program(tiny_weights, pictures, tmp_path):
    write_weights(tmp_path / "tiny.safetensors", tiny_weights)
    with compiled_programs() as compiled:
        results = stylejax.sweep(
            *pictures, grid={"strength": [0.0, 1.0], "tv_weight": [1, 2]}, model=str(tmp_path / "tiny.safetensors"), **TINY
        )
    assert compiled["run_chunk"] == 1
    far = [away(result.image, pictures[0]) for result in results]
    assert max(far[:2]) < 1e-3 < min(far[2:])


@pytest.mark.slow
def test_a_table_has_a_column_of_strengths(tiny_weights, pictures, tmp_path, monkeypatch):
    content, style = pictures
    write_weights(tmp_path / "tiny.safetensors", tiny_weights)
    write_picture(tmp_path / "content.png", content)
    write_picture(tmp_path / "style.png", style)
    rows = [f"content.png,style.png,{strength}.png,{strength}" for strength in (0, 0.5, 1)]
    (tmp_path / "jobs.csv").write_text("\n".join(["content,style,output,strength", *rows]))
    flags = [part for name, value in TINY.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped, compiled_programs() as compiled:
        main(["batch", "jobs.csv", "-o", "out", "--model", "tiny.safetensors", "--quiet", *flags])
    assert not stopped.value.code
    assert compiled["run_chunk"] == 1
    far = [away(read_picture(tmp_path / "out" / f"{strength}.png").pixels, content) for strength in (0, 0.5, 1)]
    assert far[0] < 2 / 255 < far[1] < far[2]


@pytest.mark.parametrize("options", [{"strength": -0.1}, {"strength": 1.5}, {"strength": float("nan")}], ids=str)
def test_a_strength_out_of_range_is_refused_by_name(options):
    with pytest.raises(SettingsError, match=r"strength is .*; it must be a number from 0 to 1"):
        settings_from(options)


def test_at_full_strength_the_content_has_no_part_in_the_targets(tiny_model, pictures):
    """At full strength the targets are those of the style alone, to the bit."""
    content, style = pictures
    jobs = [Job(each, (style,), Settings(**TINY)) for each in (content, content[::-1].copy())]
    spec = objective_spec(jobs[0].settings)
    one, other = (batch_targets(tiny_model, [job], 36, 48, spec)[0].style for job in jobs)
    jax.tree.map(np.testing.assert_array_equal, one, other)

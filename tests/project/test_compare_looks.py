"""The script that compares results: its measures in closed form, its choice of a judge, and its errors."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import compare_looks
import numpy as np
import pytest
from compare_looks import Looks, compare, notes, shape_of
from looks import judge as judges
from looks import measures
from looks.judge import Choice, Judge, choose, network_of
from looks.measures import Normal, Ratios
from looks.pairs import COLUMNS, Row, markdown, read_pairs

from stylejax.errors import ImageError, SettingsError, WeightsError
from stylejax.images.io.write import write_picture
from stylejax.weights.weight_set import write_weights


@pytest.fixture
def files(tmp_path, pictures):
    """Paths of a content, a style and two results: the content untouched, and the style as large as the content."""
    content, style = pictures
    style = np.tile(style, (2, 2, 1))[:48, :64]
    paths = [tmp_path / f"{name}.png" for name in ("content", "style", "untouched", "painted")]
    for path, pixels in zip(paths, (content, style, content, style), strict=True):
        write_picture(path, pixels)
    return paths


@pytest.fixture
def tiny_file(tmp_path, tiny_weights):
    path = tmp_path / "tiny.safetensors"
    write_weights(path, tiny_weights)
    return path


@pytest.fixture
def tiny_judge(tiny_model):
    return Judge(tiny_model)


def judged(judge, content, style, result):
    row = Row(content, style, "someone", result)
    return compare(judge, row, shape_of(row, None))


def test_a_copy_of_the_style_has_its_palette_and_style(tiny_judge, files):
    content, style, _, painted = files
    ratios = judged(tiny_judge, content, style, painted)
    assert ratios.palette == 0
    assert ratios.style == pytest.approx(0, abs=1e-5)
    assert ratios.content > 0.3


def test_the_unchanged_content_has_ratios_of_one_and_keeps_everything(tiny_judge, files):
    content, style, untouched, _ = files
    assert judged(tiny_judge, content, style, untouched) == pytest.approx((1, 1, 0), abs=1e-6)


def test_the_order_of_results_does_not_matter(tiny_model, files):
    content, style, *results = files
    first, second = Judge(tiny_model), Judge(tiny_model)
    forward = [judged(first, content, style, each) for each in results]
    backward = [judged(second, content, style, each) for each in reversed(results)]
    np.testing.assert_allclose(forward, backward[::-1], atol=1e-6)


def test_the_palette_distance_of_shifted_colors_is_the_mean_shift_along_the_directions():
    colors, shift = np.random.default_rng(1).random((40, 50, 3)), np.array([0.1, -0.2, 0.05])
    directions = np.random.default_rng(0).normal(size=(3, 64))
    directions /= np.linalg.norm(directions, axis=0)
    distance = measures.palette_distance(measures.palette(colors + shift), measures.palette(colors))
    assert distance == pytest.approx(np.abs(shift @ directions).mean(), rel=1e-9)


def test_the_palette_ignores_positions():
    colors = np.random.default_rng(1).random((40, 50, 3))
    shuffled = np.random.default_rng(2).permutation(colors.reshape(-1, 3)).reshape(colors.shape)
    assert measures.palette_distance(measures.palette(colors), measures.palette(shuffled)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("least", [0.1, 0.0], ids=["regular", "singular"])
def test_the_distance_of_normal_distributions_with_commuting_covariances_is_that_of_their_deviations(least):
    rng = np.random.default_rng(3)
    basis, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    a, b = rng.random((2, 6)) + least
    a[0] = b[1] = least
    means = rng.normal(size=(2, 6))
    distance = measures.squared_wasserstein(
        Normal(means[0], basis * a**2 @ basis.T),
        Normal(means[1], basis * b**2 @ basis.T),
    )
    assert distance == pytest.approx(((means[0] - means[1]) ** 2).sum() + ((a - b) ** 2).sum(), rel=1e-6)


def test_the_normal_distribution_of_features_has_their_moments():
    features = np.random.default_rng(4).normal(3, 2, (20, 30, 5))
    mean, covariance = measures.normal(features)
    np.testing.assert_allclose(mean, features.reshape(-1, 5).mean(0))
    np.testing.assert_allclose(covariance, np.cov(features.reshape(-1, 5).T, bias=True))


def test_unrelated_noise_has_a_content_distance_of_one():
    a, b = (measures.normalized(np.random.default_rng(seed).normal(5, 2, (40, 40, 16))) for seed in (5, 6))
    assert measures.content_distance(a, b) == pytest.approx(1, abs=0.02)
    assert measures.content_distance(a, a) == 0


def test_brightness_and_contrast_of_a_channel_do_not_affect_the_content():
    features = np.random.default_rng(7).random((20, 20, 4)) + 1
    same = measures.normalized(3 * features + 2)
    assert measures.content_distance(measures.normalized(features), same) == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize("network", ["vgg19", "vgg19-torchvision", None])
def test_the_small_network_judges_full_networks_and_unknown_ones(network):
    choice = choose("auto", network)
    assert choice.name == judges.SLIM
    assert network is not None or "stylejax weights fetch vgg19" in choice.reason


@pytest.mark.parametrize("requested", ["auto", "vgg19"])
def test_a_missing_judge_is_reported_with_the_command_that_fetches_it(requested):
    with pytest.raises(WeightsError, match="not installed; get it with `stylejax weights fetch vgg19`"):
        choose(requested, "vgg19-slim")


@pytest.mark.parametrize("network", ["vgg19-slim", "my-own", None])
def test_the_full_network_judges_if_it_is_installed(network, monkeypatch, tmp_path, tiny_weights):
    monkeypatch.setenv("STYLEJAX_CACHE", str(tmp_path))
    write_weights(tmp_path / "weights" / "vgg19.safetensors", tiny_weights)
    assert choose("auto", network).name == judges.FULL


def test_a_judge_that_produced_the_result_is_reported():
    assert "biased" in choose("vgg19-slim", "vgg19-slim").reason
    assert "biased" not in choose("vgg19-slim", "vgg19").reason
    assert len(notes([Choice("a", "x"), Choice("a", "x")])) == 1
    assert "not comparable" in notes([Choice("a", "x"), Choice("b", "x")])[-1]


def test_the_network_is_read_from_the_record(tmp_path, pictures):
    recorded, bare = tmp_path / "recorded.png", tmp_path / "bare.png"
    write_picture(recorded, pictures[0], metadata={"program": "stylejax", "network": "vgg19"})
    write_picture(bare, pictures[0])
    assert (network_of(recorded), network_of(bare)) == ("vgg19", None)


def test_results_are_compared_at_their_own_size_or_the_requested_one(files):
    row = Row(*files[:2], "", files[2])
    assert (shape_of(row, None), shape_of(row, 32)) == ((48, 64), (24, 32))


def test_a_result_of_another_shape_is_rejected_beyond_one_pixel(tmp_path, files):
    for height, name in ((47, "rounded.png"), (40, "cropped.png")):
        write_picture(tmp_path / name, np.full((height, 64, 3), 0.5, np.float32))
    assert shape_of(Row(*files[:2], "", tmp_path / "rounded.png"), None) == (47, 64)
    with pytest.raises(ImageError, match=r"cropped.png has 64×40 pixels; wanted 64×48, the shape of .*content.png"):
        shape_of(Row(*files[:2], "", tmp_path / "cropped.png"), None)


def test_two_pictures_of_the_same_colors_are_rejected(tiny_judge, files):
    with pytest.raises(ImageError, match="same colors"):
        judged(tiny_judge, files[0], files[2], files[3])


def test_json_holds_a_row_for_each_result(files, tiny_file, capsys):
    Looks(tuple(files), judge=str(tiny_file), json=True).run()
    untouched, painted = json.loads(capsys.readouterr().out)
    assert untouched["ratios"] == pytest.approx({"palette": 1, "style": 1, "content": 0, "sum": 2}, abs=1e-6)
    assert painted["size"] == [64, 48] and painted["result"] == str(files[3]) and painted["ratios"]["palette"] == 0


def test_pairs_become_a_markdown_table(files, tiny_file, capsys):
    pairs = tiny_file.parent / "pairs.csv"
    with pairs.open("w", newline="") as file:
        names = [path.name for path in files]
        csv.writer(file).writerows([COLUMNS, [*names[:2], "nobody", names[2]], [*names[:2], "the master", names[3]]])
    Looks(pairs=pairs, judge=str(tiny_file)).run()
    head, _, nobody, master, *_ = capsys.readouterr().out.splitlines()
    assert head == "| palette / style / content | content in style | mean | sum |"
    assert nobody == "| nobody | 1.00 / 1.00 / 0.00 | 1.00 / 1.00 / 0.00 | 2.00 |"
    assert master.startswith("| the master | 0.00 / 0.00 / ")


def test_several_results_are_averaged_and_a_missing_pair_has_no_mean():
    one, other = (Path("a.jpg"), Path("b.jpg")), (Path("a.jpg"), Path("c.jpg"))
    rows = [Row(*pair, program, Path("r.png")) for pair, program in ((one, "x"), (one, "x"), (other, "x"), (one, "y"))]
    found = [Ratios(0.2, 0.4, 0.6), Ratios(0.4, 0.6, 0.8), Ratios(0.1, 0.1, 0.1), Ratios(1, 1, 0)]
    *_, x, y = markdown(rows, found).splitlines()
    assert x == "| x | 0.30 / 0.50 / 0.70 | 0.10 / 0.10 / 0.10 | 0.20 / 0.30 / 0.40 | 0.90 |"
    assert y == "| y | 1.00 / 1.00 / 0.00 | - | - | - |"


BAD_LISTS = {
    "": "lists no results",
    "content,style,result\na,b,c\n": "has no program",
    "content,style,program,result\na,b\n": "has no program",
}


@pytest.mark.parametrize(("text", "problem"), BAD_LISTS.items())
def test_an_invalid_list_of_pairs_is_rejected_in_one_line(tmp_path, text, problem):
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(SettingsError, match=f"{problem}.*wanted a first line content,style,program,result"):
        read_pairs(tmp_path / "pairs.csv")


@pytest.mark.slow
def test_the_script_reports_errors_in_one_line(files, tiny_file):
    cases = {
        (*files[:2], "missing.png"): "missing.png does not exist; check the path",
        (*files[:2],): "got 2 pictures; wanted a content, a style and at least one result",
    }
    for arguments, wanted in cases.items():
        command = [sys.executable, compare_looks.__file__, *arguments, "--judge", tiny_file]
        run = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, check=False)
        assert (run.returncode, run.stdout, run.stderr) == (2, "", f"compare_looks: {wanted}\n")

"""Weight files at run time: what comes back, and one line for everything that can be wrong."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from weights_files import WIDTHS, edit_header, random_arrays

from stylejax.errors import StylejaxError, WeightsError
from stylejax.network.preprocessing import OXFORD, TORCHVISION
from stylejax.weights.sources import OXFORD_VGG19, installed_path, resolve, resolve_auto, target_path
from stylejax.weights.weight_set import WeightSet, read_weights, write_weights


@pytest.fixture
def weight_set() -> WeightSet:
    return WeightSet("small", WIDTHS, TORCHVISION, random_arrays(), {"source": "here", "license": "free"})


@pytest.fixture
def path(tmp_path: Path, weight_set: WeightSet) -> Path:
    write_weights(tmp_path / "small.safetensors", weight_set)
    return tmp_path / "small.safetensors"


def rewrite(path: Path, remove: tuple[str, ...] = (), **changes: np.ndarray) -> None:
    arrays = {name: array for name, array in load_file(path).items() if name not in remove}
    header = {"format": "stylejax-1", "name": "small", "widths": "2,3,4,5,5", "preprocessing": "oxford"}
    save_file(arrays | {name.replace("__", "/"): array for name, array in changes.items()}, path, header)


def message(path: Path) -> str:
    with pytest.raises(WeightsError) as caught:
        read_weights(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_written_comes_back_equal(path: Path, weight_set: WeightSet) -> None:
    back = read_weights(path)
    assert (back.name, back.widths, back.preprocessing) == ("small", WIDTHS, TORCHVISION)
    assert back.provenance == weight_set.provenance
    assert back.arrays.keys() == weight_set.arrays.keys()
    for name, array in weight_set.arrays.items():
        np.testing.assert_array_equal(back.arrays[name], array)


def test_half_precision_is_read_as_float32(tmp_path: Path, weight_set: WeightSet) -> None:
    write_weights(tmp_path / "half.safetensors", weight_set, dtype=np.float16)
    assert load_file(tmp_path / "half.safetensors")["conv1_1/kernel"].dtype == np.float16
    back = read_weights(tmp_path / "half.safetensors")
    assert back.arrays["conv1_1/kernel"].dtype == np.float32
    np.testing.assert_allclose(back.arrays["conv5_4/bias"], weight_set.arrays["conv5_4/bias"], rtol=1e-3)


@pytest.mark.slow
def test_equal_sets_are_equal_files(path: Path) -> None:
    copy = path.with_name("copy.safetensors")
    code = "import sys; from stylejax.weights.weight_set import *; write_weights(sys.argv[2], read_weights(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(path), str(copy)], check=True)
    assert copy.read_bytes() == path.read_bytes()


def test_a_value_too_large_for_half_precision_is_refused_and_nothing_written(tmp_path: Path, weight_set: WeightSet) -> None:
    weight_set.arrays["conv3_2/bias"][0] = 1e6
    with pytest.raises(WeightsError, match="conv3_2/bias"):
        write_weights(tmp_path / "half.safetensors", weight_set, dtype=np.float16)
    assert list(tmp_path.iterdir()) == []


def test_an_incomplete_set_is_not_written(tmp_path: Path, weight_set: WeightSet) -> None:
    del weight_set.arrays["conv5_4/bias"]
    with pytest.raises(WeightsError, match="missing conv5_4/bias"):
        write_weights(tmp_path / "small.safetensors", weight_set)
    assert list(tmp_path.iterdir()) == []


def test_every_fault_is_told_at_once(path: Path) -> None:
    broken = np.full(5, np.nan, np.float32)
    rewrite(
        path,
        remove=("conv1_2/bias", "conv2_2/kernel"),
        conv4_1__bias=broken,
        conv5_1__bias=np.ones(6, np.float32),
        head=np.ones(3, np.float32),
    )
    reported = message(path)
    for part in ("missing conv1_2/bias, conv2_2/kernel", "unknown head", "conv5_1/bias is [6] and not [5]"):
        assert part in reported
    assert "NaN or infinite values in conv4_1/bias" in reported


def test_infinity_is_refused(path: Path) -> None:
    rewrite(path, conv1_1__bias=np.array([1, np.inf], np.float32))
    assert "conv1_1/bias" in message(path)


def test_whole_numbers_are_refused(path: Path) -> None:
    rewrite(path, conv1_1__bias=np.array([1, 2], np.int32))
    assert "conv1_1/bias (I32)" in message(path)


def test_a_truncated_file_is_called_so(path: Path) -> None:
    content = path.read_bytes()
    for length in (20, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        assert "truncated" in message(path)


def test_other_formats_are_sent_to_convert(tmp_path: Path) -> None:
    for name, content in (("a.h5", b"\x89HDF\r\n\x1a\n" + bytes(90)), ("b.pth", b"PK\x03\x04" + bytes(90))):
        (tmp_path / name).write_bytes(content)
        assert f"stylejax weights convert {tmp_path / name}" in message(tmp_path / name)


def test_safetensors_without_our_header_are_sent_to_convert(path: Path) -> None:
    edit_header(path, format=None)
    assert "stylejax weights convert" in message(path)


def test_a_header_that_contradicts_the_arrays_is_refused(path: Path) -> None:
    edit_header(path, widths="64,128,256,512,512")
    assert "another network" in message(path)


@pytest.mark.parametrize("widths", ["", "64,128", "a,b,c,d,e", "2,3,4,5,-5"])
def test_a_header_with_impossible_widths_is_refused(path: Path, widths: str) -> None:
    edit_header(path, widths=widths)
    assert "widths" in message(path)


def test_an_unknown_preprocessing_is_refused(path: Path) -> None:
    edit_header(path, preprocessing="clip")
    assert "clip" in message(path)


def test_an_absent_an_empty_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    assert "No such file" in message(tmp_path / "none.safetensors")
    assert "directory" in message(tmp_path)
    (tmp_path / "empty.safetensors").touch()
    assert "empty" in message(tmp_path / "empty.safetensors")


def test_auto_takes_the_full_network_when_it_is_in_the_cache(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STYLEJAX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("stylejax.weights.sources.packaged_path", lambda: path)
    small = resolve_auto()
    assert (small.name, small.path) == ("vgg19-slim", path)
    assert "vgg19-slim" in small.message
    assert "stylejax weights fetch vgg19" in small.message
    write_weights(target_path(OXFORD_VGG19), WeightSet("vgg19", WIDTHS, OXFORD, random_arrays()))
    full = resolve_auto()
    assert (full.name, full.path) == ("vgg19", tmp_path / "cache" / "weights" / "vgg19.safetensors")
    assert "--model vgg19-slim" in full.message
    assert "\n" not in small.message + full.message


def test_a_missing_set_names_the_command_that_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STYLEJAX_CACHE", str(tmp_path))
    assert installed_path("vgg19-torchvision") is None
    with pytest.raises(WeightsError, match="`stylejax weights fetch vgg19-torchvision`"):
        resolve("vgg19-torchvision")


def test_a_misspelt_name_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="did you mean 'vgg19-slim'"):
        resolve("vgg19-slin")
    with pytest.raises(WeightsError, match="no weight file"):
        resolve(tmp_path / "absent.safetensors")
    with pytest.raises(WeightsError, match="folder"):
        resolve(tmp_path)


@pytest.mark.parametrize(
    "place", ["a" * 5000, "a" * 300 + ".safetensors", "x/" * 3000, "a\0b", "~nobody-has-this-name/a", "\udcff.h5", ""]
)
def test_a_place_that_cannot_be_is_told(place: str) -> None:
    with pytest.raises(StylejaxError, match=r"no weight|is a folder|an empty path|no file name can have"):
        resolve(place)


def test_a_cache_of_a_user_who_is_not_there_is_a_place_without_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STYLEJAX_CACHE", "~nobody-has-this-name/cache")
    assert installed_path("vgg19") is None


def test_a_converted_file_is_used_by_its_path(path: Path) -> None:
    assert resolve(path) == path
    assert resolve(str(path)) == path


def test_asking_for_weights_imports_neither_the_network_nor_hdf5() -> None:
    code = "import sys, stylejax.cli.weights; print([m for m in ('requests', 'h5py', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

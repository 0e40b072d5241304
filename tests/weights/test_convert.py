"""Conversion of every published layout, and of files that are not what they seem."""

import pickle
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from safetensors.numpy import load_file
from weights_files import (
    WIDTHS,
    block_name,
    keras3_h5,
    legacy_h5,
    random_arrays,
    torch_state,
    torchvision_safetensors,
)

from stylejax.cli.weights import convert_weights, verify_weights
from stylejax.errors import MissingExtraError, WeightsError
from stylejax.network.layers import CONV_NAMES
from stylejax.weights.convert.api import convert
from stylejax.weights.weight_set import WeightSet, read_weights, write_weights

Arrays = dict[str, np.ndarray]
TF = {"kernel": "{layer}/kernel:0", "bias": "{layer}/bias:0"}


def unnamed(name: str) -> str:
    """Keras' own names when the user gave none, counted on from an earlier model in the same session."""
    return f"conv2d_{CONV_NAMES.index(name) + 5}"


def keras_archive(path: Path, arrays: Arrays) -> Path:
    keras3_h5(path.with_suffix(".h5"), arrays, named=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.write(path.with_suffix(".h5"), "model.weights.h5")
    return path


def nested_h5(path: Path, arrays: Arrays) -> Path:
    """VGG-19 as one layer of a larger model."""
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            layer, part = name.split("/")
            file[f"model_weights/vgg19/{block_name(layer)}/{part}:0"] = array
            file[f"optimizer_weights/adam/{block_name(layer)}/{part}/m:0"] = np.zeros_like(array)
        file["model_weights"].attrs["layer_names"] = np.array([b"vgg19"])
        file["model_weights/vgg19"].attrs["weight_names"] = np.array([b"block1_conv1/kernel:0"])
    return path


LAYOUTS: dict[str, Callable[[Path, Arrays], Path]] = {
    "Keras 1": lambda path, arrays: legacy_h5(path, arrays),
    "Keras 1 with classifier": lambda path, arrays: legacy_h5(path, arrays, others=("fc1", "predictions")),
    "Keras 2": lambda path, arrays: legacy_h5(path, arrays, **TF),
    "Keras 2 whole model": lambda path, arrays: legacy_h5(path, arrays, group="model_weights", **TF),
    "Keras 2 chunked attributes": lambda path, arrays: legacy_h5(path, arrays, chunks=3, **TF),
    "Keras 2 unnamed": lambda path, arrays: legacy_h5(path, arrays, layer=unnamed, **TF),
    "Keras 2 unnamed, chunked": lambda path, arrays: legacy_h5(path, arrays, layer=unnamed, chunks=4, **TF),
    "Keras 2 nested": nested_h5,
    "Keras 3": lambda path, arrays: keras3_h5(path, arrays, named=False),
    "Keras 3 with names": lambda path, arrays: keras3_h5(path, arrays, named=True),
    "Keras 3 nested": lambda path, arrays: keras3_h5(path, arrays, named=False, prefix="layers/functional/layers"),
    "Keras 3 archive": lambda path, arrays: keras_archive(path, arrays),
}


def assert_equal(found: WeightSet, wanted: Arrays) -> None:
    assert found.arrays.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_array_equal(found.arrays[name], array, err_msg=name)


def message(source: Path, error: type[Exception] = WeightsError) -> str:
    """What the conversion says; it must be one line and leave nothing behind."""
    target = source.parent / "target.safetensors"
    before = set(source.parent.iterdir())
    with pytest.raises(error) as caught:
        convert(source, target)
    assert set(source.parent.iterdir()) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_keras_layout_gives_the_same_arrays(layout: str, tmp_path: Path) -> None:
    source = LAYOUTS[layout](tmp_path / "source.keras", random_arrays())
    convert(source, tmp_path / "target.safetensors")
    found = read_weights(tmp_path / "target.safetensors")
    assert_equal(found, random_arrays())
    assert (found.name, found.widths, found.preprocessing.name) == ("target", WIDTHS, "oxford")


def test_unnamed_layers_are_taken_in_the_order_of_the_file(tmp_path: Path) -> None:
    def backwards(name: str) -> str:
        return f"convolution_{99 - CONV_NAMES.index(name)}"

    convert(legacy_h5(tmp_path / "a.h5", random_arrays(), layer=backwards, **TF), tmp_path / "target.safetensors")
    assert_equal(read_weights(tmp_path / "target.safetensors"), random_arrays())


def test_torchvision_names_are_transposed_and_the_classifier_is_passed_over(tmp_path: Path) -> None:
    source = torchvision_safetensors(tmp_path / "model.safetensors", random_arrays())
    found = convert(source, tmp_path / "target.safetensors", name="mine")
    assert_equal(found, random_arrays())
    assert (found.name, found.preprocessing.name) == ("mine", "torchvision")


@pytest.mark.slow
@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(
    ("file_name", "gatys", "wanted"),
    [
        ("vgg19.pth", False, "torchvision"),
        ("vgg_conv.pth", True, "oxford"),
        ("vgg19-d01eb7cb.pth", False, "oxford"),
    ],
)
def test_pytorch_files(tmp_path: Path, file_name: str, gatys: bool, wanted: str, legacy: bool) -> None:
    torch = pytest.importorskip("torch")
    state = {name: torch.from_numpy(array) for name, array in torch_state(random_arrays(), gatys=gatys).items()}
    state |= {"classifier.0.weight": torch.ones(4, 4), "classifier.0.bias": torch.ones(4)}
    torch.save(state, tmp_path / file_name, _use_new_zipfile_serialization=not legacy)
    found = convert(tmp_path / file_name, tmp_path / "target.safetensors")
    assert_equal(found, random_arrays())
    assert found.preprocessing.name == wanted


def test_the_preprocessing_that_the_user_says_wins(tmp_path: Path) -> None:
    source = torchvision_safetensors(tmp_path / "model.safetensors", random_arrays())
    found = convert(source, tmp_path / "target.safetensors", preprocessing="oxford")
    assert (found.preprocessing.name, found.provenance["preprocessing_from"]) == ("oxford", "the caller")


def test_the_header_says_where_the_weights_came_from_and_names_no_folder(tmp_path: Path) -> None:
    source = legacy_h5(tmp_path / "source.h5", random_arrays())
    convert(source, tmp_path / "target.safetensors", provenance={"license": "free"})
    origin = read_weights(tmp_path / "target.safetensors").provenance
    assert origin["source"] == "source.h5"
    assert len(origin["source_sha256"]) == 64
    assert origin["license"] == "free"
    assert origin["converted_by"].startswith("stylejax ")
    assert str(tmp_path) not in str(origin)


def test_half_precision_sources_become_float32(tmp_path: Path) -> None:
    halves = {name: array.astype(np.float16) for name, array in random_arrays().items()}
    convert(legacy_h5(tmp_path / "half.h5", halves), tmp_path / "target.safetensors")
    assert load_file(tmp_path / "target.safetensors")["conv1_1/kernel"].dtype == np.float32


def test_every_fault_of_a_keras_file_is_told_at_once(tmp_path: Path) -> None:
    arrays = random_arrays()
    del arrays["conv2_2/bias"], arrays["conv5_4/kernel"]
    arrays["conv3_3/kernel"] = np.ones((3, 3, 4, 7), np.float32)
    arrays["conv4_4/bias"] = np.full(5, np.nan, np.float32)
    source = legacy_h5(tmp_path / "source.h5", arrays)
    with h5py.File(source, "a") as file:
        file["block6_conv1/block6_conv1_W:0"] = np.ones((3, 3, 5, 5), np.float32)
    reported = message(source)
    assert "missing conv2_2/bias, conv5_4/kernel;" in reported
    assert "conv3_3/kernel (block3_conv3/block3_conv3_W_1:0) is [3, 3, 4, 7] and not [3, 3, 4, 4]" in reported
    assert "NaN or infinite values in conv4_4/bias" in reported
    assert "unknown block6_conv1/block6_conv1_W:0" in reported


def test_every_fault_of_a_torchvision_file_is_told_at_once(tmp_path: Path) -> None:
    arrays = random_arrays()
    extra = {"features.1.running_mean": np.ones(2, np.float32), "features.0.bias": np.ones(3, np.float32)}
    reported = message(torchvision_safetensors(tmp_path / "model.safetensors", arrays, **extra))
    assert "unknown features.1.running_mean" in reported
    assert "conv1_1/bias (features.0.bias) is [3] and not [2]" in reported


def test_kernels_in_theano_order_are_refused(tmp_path: Path) -> None:
    arrays = {name: array.T if array.ndim == 4 else array for name, array in random_arrays().items()}
    assert "misshapen conv1_1/kernel" in message(legacy_h5(tmp_path / "theano.h5", arrays))


def test_a_network_with_fewer_convolutions_is_refused(tmp_path: Path) -> None:
    shorter = {name: array for name, array in random_arrays().items() if name.split("/")[0][5:] != "_4"}
    assert "missing conv3_4/kernel" in message(legacy_h5(tmp_path / "vgg16.h5", shorter))


def test_truncated_files_are_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    state = {name: torch.from_numpy(array) for name, array in torch_state(random_arrays()).items()}
    torch.save(state, tmp_path / "a.pth")
    sources = [
        legacy_h5(tmp_path / "a.h5", random_arrays()),
        keras_archive(tmp_path / "a.keras", random_arrays()),
        torchvision_safetensors(tmp_path / "a.safetensors", random_arrays()),
        tmp_path / "a.pth",
    ]
    for source in sources:
        content = source.read_bytes()
        source.write_bytes(content[: len(content) // 2])
        assert "damaged" in message(source)


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "page.h5").write_text("<html>not found</html>")
    assert "no weight file that stylejax knows" in message(tmp_path / "page.h5")
    (tmp_path / "empty.h5").touch()
    assert "no weight file that stylejax knows" in message(tmp_path / "empty.h5")
    assert "No such file" in message(tmp_path / "absent.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = np.ones(3, np.float32)
    assert "missing conv1_1/kernel" in message(tmp_path / "other.h5")


def test_a_stylejax_file_is_not_converted_again(tmp_path: Path) -> None:
    source = tmp_path / "own.safetensors"
    convert(legacy_h5(tmp_path / "a.h5", random_arrays()), source)
    assert "already" in message(source)


def test_arrays_outside_the_file_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(10_000))
    source = legacy_h5(tmp_path / "a.h5", random_arrays())
    with h5py.File(source, "a") as file:
        del file["block1_conv1/block1_conv1_b_1:0"]
        file.create_dataset("block1_conv1/block1_conv1_b_1:0", (2,), np.float32, external=[(str(secret), 0, 8)])
    assert "other files" in message(source)


def test_an_array_of_an_absurd_size_is_not_read(tmp_path: Path) -> None:
    source = legacy_h5(tmp_path / "a.h5", random_arrays())
    with h5py.File(source, "a") as file:
        del file["block1_conv1/block1_conv1_b_1:0"]
        file.create_dataset("block1_conv1/block1_conv1_b_1:0", (1 << 40,), np.float32, chunks=(1024,))
    assert "larger than any" in message(source)


class Malicious:
    """Unpickles by running a command."""

    def __init__(self, proof: Path):
        self.proof = proof

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        """What a pickle of this would run."""
        import os

        return os.system, (f"touch {self.proof}",)


@pytest.mark.parametrize("bare", [False, True])
def test_code_in_a_pytorch_file_is_not_run(tmp_path: Path, bare: bool) -> None:
    torch = pytest.importorskip("torch")
    proof, source = tmp_path / "proof", tmp_path / "bad.pth"
    if bare:
        source.write_bytes(pickle.dumps({"features.0.weight": Malicious(proof)}, protocol=2))
    else:
        torch.save({"features.0.weight": Malicious(proof)}, source)
    reported = message(source)
    assert "nothing of it was run (it names posix.system" in reported
    assert "weights_only" not in reported
    assert not proof.exists()


def test_without_pytorch_a_pth_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.pth").write_bytes(b"\x80\x02}q\x00.")
    monkeypatch.setitem(sys.modules, "torch", None)
    assert "pip install 'stylejax[torch]'" in message(tmp_path / "a.pth", MissingExtraError)


def test_an_impossible_target_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    source = legacy_h5(tmp_path / "a.h5", random_arrays())
    (tmp_path / "folder.safetensors").mkdir()
    for target in (tmp_path / "target.h5", tmp_path / "folder.safetensors", source / "x.safetensors"):
        with pytest.raises(WeightsError):
            convert(source, target)


def test_a_failed_conversion_keeps_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "target.safetensors"
    convert(legacy_h5(tmp_path / "a.h5", random_arrays()), target)
    before = target.read_bytes()
    (tmp_path / "bad.h5").write_text("nothing")
    with pytest.raises(WeightsError):
        convert(tmp_path / "bad.h5", target)
    assert target.read_bytes() == before


def test_the_commands_say_what_was_converted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = legacy_h5(tmp_path / "a.h5", random_arrays()), tmp_path / "target.safetensors"
    convert_weights(source, target)
    assert "--preprocessing" in capsys.readouterr().out
    verify_weights(str(target))
    reported = capsys.readouterr().out
    for part in ("name: target", "widths: 2, 3, 4, 5, 5", "preprocessing: oxford", "source: a.h5", "all 32 tensors"):
        assert part in reported


def test_verify_refuses_a_damaged_file(tmp_path: Path) -> None:
    target = tmp_path / "target.safetensors"
    found = convert(legacy_h5(tmp_path / "a.h5", random_arrays()), target)
    write_weights(target, found)
    target.write_bytes(target.read_bytes()[:-4])
    with pytest.raises(WeightsError, match="truncated"):
        verify_weights(str(target))

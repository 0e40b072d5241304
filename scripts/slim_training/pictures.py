"""Training pictures: a folder of `.npz` files, which are decoded once, and cropped and flipped for each batch.

The folder contains `train-0.npz`, `train-1.npz`, ... and `heldout.npz`. Each has `images` (uint8: concatenated picture files,
WebP or any other format that Pillow reads), `offsets` (int64, n + 1: picture i is `images[offsets[i]:offsets[i + 1]]`),
`labels` (integers from 0, n) and `classes` (a name for each label, the same in every file). Pictures are scaled to squares of
the requested size.

A batch depends only on the seed and the step, so a resumed training is equivalent to an uninterrupted one.
"""

import hashlib
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image

from stylejax.errors import StylejaxError


class Pictures(NamedTuple):
    """`images` uint8 `[n, side, side, 3]`, `labels` int32 `[n]`, and the names of the classes."""

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]


def load_pictures(folder: Path, cache: Path, part: Literal["train", "heldout"], side: int) -> Pictures:
    """Load one part, scaled to `side` pixels; pictures are decoded once into a memory-mapped file in `cache`.

    Raises:
        StylejaxError: the folder does not contain the files.
    """
    files = sorted(folder.glob("train-*.npz")) if part == "train" else [folder / "heldout.npz"]
    if not files or not all(file.is_file() for file in files):
        wanted = "train-0.npz, train-1.npz, ..." if part == "train" else "heldout.npz"
        raise StylejaxError(f"{folder} has no {wanted}; --help describes the folder")
    labels, classes = [], ()
    for file in files:
        with np.load(file) as packed:
            labels.append(packed["labels"])
            classes = tuple(str(name) for name in packed["classes"])
    labels = np.concatenate(labels).astype(np.int32)
    cached = cache / f"{part}-{side}.npy"
    _mark_cache(cache, files)
    if not cached.exists():
        _decode_all(files, cached, (len(labels), side, side, 3))
    return Pictures(np.load(cached, mmap_mode="r"), labels, classes)


def _mark_cache(cache: Path, files: list[Path]) -> None:
    """Record the files from which the cache was generated, and reject a cache of other files."""
    cache.mkdir(parents=True, exist_ok=True)
    part = files[0].stem.split("-")[0]
    facts = "".join(f"{file.name} {file.stat().st_size}\n" for file in files)
    mark = cache / f"{part}-{hashlib.sha256(facts.encode()).hexdigest()[:12]}.txt"
    if not mark.exists() and any(cache.glob(f"{part}-*.txt")):
        raise StylejaxError(f"{cache} contains pictures of another data set; delete it or choose another --cache folder")
    mark.write_text(facts)


def _decode_all(files: list[Path], target: Path, shape: tuple[int, ...]) -> None:
    unfinished = target.with_suffix(".part")
    decoded = np.lib.format.open_memmap(unfinished, "w+", np.uint8, shape)
    with ThreadPoolExecutor(2) as threads:
        done = 0
        for encoded in _encoded(files):
            for picture in threads.map(partial(_decode, side=shape[1]), encoded):
                decoded[done] = picture
                done += 1
    decoded.flush()
    unfinished.replace(target)


def _encoded(files: list[Path]) -> Iterator[list[bytes]]:
    for file in files:
        with np.load(file) as packed:
            images, offsets = packed["images"], packed["offsets"]
        yield [images[start:end].tobytes() for start, end in pairwise(offsets)]


def _decode(data: bytes, side: int) -> np.ndarray:
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    if picture.size != (side, side):
        kind = Image.Resampling.BOX if picture.width % side == 0 else Image.Resampling.LANCZOS
        picture = picture.resize((side, side), kind)
    return np.asarray(picture)


@lru_cache(maxsize=2)
def _order(seed: int, epoch: int, count: int) -> np.ndarray:
    return np.random.default_rng((seed, 0, epoch)).permutation(count)


def training_batch(pictures: Pictures, step: int, size: int, crop: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Batch number `step`: `size` pictures, randomly cropped and flipped. Each epoch has its own random order.

    Returns:
        uint8 `[size, crop, crop, 3]` and int32 `[size]`.
    """
    epoch, place = divmod(step, len(pictures.labels) // size)
    chosen = _order(seed, epoch, len(pictures.labels))[place * size : (place + 1) * size]
    chance = np.random.default_rng((seed, 1, step))
    corners = chance.integers(0, pictures.images.shape[1] - crop + 1, (size, 2))
    flips = chance.integers(0, 2, size)
    batch = np.empty((size, crop, crop, 3), np.uint8)
    for row, index, (top, left), flip in zip(batch, chosen, corners, flips, strict=True):
        cropped = pictures.images[index, top : top + crop, left : left + crop]
        row[:] = cropped[:, ::-1] if flip else cropped
    return batch, pictures.labels[chosen]

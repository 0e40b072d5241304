"""The record beside a picture, and the digest in it that says which row it is of.

The digest covers everything that decides the result: all settings, the network, the shape at which the picture is optimized,
and place, size and time of last change of every input picture. Their contents are not hashed: a hundred thousand photographs
would have to be read again at each start. A row with another digest is another picture, and is stylized again. The checksum
covers the result, and is compared before a record is believed.
"""

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import jax

from stylejax.batch.records import JobSpec, RowResult
from stylejax.choices import LOSSES
from stylejax.files.url import change_stamp
from stylejax.settings.record import recorded_settings
from stylejax.version import VERSION
from stylejax.weights.sources import SOURCES, resolve, resolve_auto


def digest(row: JobSpec, shape: Sequence[int], *, bits: int = 8) -> str:
    """The digest of a row that is optimized at `shape`, height and width; 32 hexadecimal digits.

    Raises:
        WeightsError: its network is not installed.
    """
    settings = row.settings
    facts = {
        "settings": recorded_settings(settings),
        "network": network_stamp(settings.model),
        "shape": list(shape),
        "bits": bits,
        "counts": [len(row.styles), len(row.content_masks), len(row.style_masks)],
        "pictures": [change_stamp(place) for place in inputs(row)],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def inputs(row: JobSpec) -> list[str]:
    """The places of all files that a row reads, except its network."""
    places = [row.content, *row.styles, *row.content_masks, *row.style_masks]
    return places + [place for place in (row.settings.file("init"), row.settings.file("proof")) if place]


def network_stamp(model: str) -> list[Any]:
    """Identifies a network: the name of a known one; place, size and time of last change of any other file."""
    name = resolve_auto().name if model == "auto" else model
    return [name] if name in SOURCES else change_stamp(str(resolve(name)))


def is_record(found: Any) -> bool:
    """Whether this is a complete record of a picture, in all fields that a run relies on."""
    texts = ("digest", "sha256", "network")
    return (
        isinstance(found, dict)
        and all(isinstance(found.get(name), str) for name in texts)
        and isinstance(found.get("bytes"), int)
        and isinstance(found.get("losses"), dict)
        and all(isinstance(found["losses"].get(name), int | float) for name in LOSSES)
    )


def record_of(result: RowResult, size: int, sha256: str) -> dict[str, Any]:
    """The record of a picture in memory, whose file has `size` bytes and this checksum."""
    stylized, row = result.stylized, result.row
    assert stylized is not None
    last = stylized.trace[-1]
    height, width = stylized.image.shape[:2]
    return {
        "output": row.output,
        "digest": row.digest,
        "bytes": size,
        "sha256": sha256,
        "width": width,
        "height": height,
        "losses": {name: last[name] for name in LOSSES},
        "seconds": round(result.seconds, 3),
        "device": jax.devices()[0].device_kind,
        "versions": {"stylejax": VERSION, **{name: version(name) for name in ("jax", "jaxlib", "flax", "numpy")}},
        "notes": list(stylized.notes),
        **{name: value for name, value in stylized.record.items() if name not in ("program", "version")},
    }

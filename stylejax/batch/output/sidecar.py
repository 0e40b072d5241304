"""When a picture counts as done, and the record beside it that says so.

The digest is taken over everything that decides the result: all settings, the network, the shape that is painted, and place,
size and time of last change of every picture that goes in. Their contents are not hashed: a hundred thousand photographs would
have to be read anew at each start. Another digest is another picture, which is painted again. The checksum is of the result,
and is compared before the record is believed.
"""

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import jax

from stylejax.batch.input.row import Outcome, Row
from stylejax.files.url import change_stamp
from stylejax.version import VERSION
from stylejax.weights.sources import SOURCES, resolve, resolve_auto

LOSSES = ("total", "content", "style", "tv")


def digest(row: Row, shape: Sequence[int], *, bits: int = 8) -> str:
    """The digest of a row that is painted at `shape`, height and width.

    Raises:
        WeightsError: its network is not installed.
    """
    settings = row.settings
    facts = {
        "settings": settings.as_record(),
        "network": network_stamp(settings.model),
        "shape": list(shape),
        "bits": bits,
        "counts": [len(row.styles), len(row.content_masks), len(row.style_masks)],
        "pictures": [change_stamp(place) for place in inputs(row)],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def inputs(row: Row) -> list[str]:
    """The places of all files that a row is painted from, but for its network."""
    places = [row.content, *row.styles, *row.content_masks, *row.style_masks]
    return places + [place for place in (row.settings.file("init"), row.settings.file("proof")) if place]


def network_stamp(model: str) -> list[Any]:
    """What tells networks apart: the name of a known one, place, size and time of any other file."""
    name = resolve_auto().name if model == "auto" else model
    return [name] if name in SOURCES else change_stamp(str(resolve(name)))


def sidecar_name(output: str) -> str:
    """Where the record of an output lies."""
    return f"{output}.json"


def is_record(found: Any) -> bool:
    """Whether this is a whole record of a picture, as far as a run relies on it."""
    texts = ("digest", "sha256", "network")
    return (
        isinstance(found, dict)
        and all(isinstance(found.get(name), str) for name in texts)
        and isinstance(found.get("bytes"), int)
        and isinstance(found.get("losses"), dict)
        and all(isinstance(found["losses"].get(name), int | float) for name in LOSSES)
    )


def record_of(outcome: Outcome, size: int, sha256: str) -> dict[str, Any]:
    """The record of a painting whose file has so many bytes and this checksum."""
    painting, row = outcome.painting, outcome.row
    assert painting is not None
    last = painting.trace[-1]
    height, width = painting.image.shape[:2]
    return {
        "output": row.output,
        "digest": row.digest,
        "bytes": size,
        "sha256": sha256,
        "width": width,
        "height": height,
        "losses": {name: last[name] for name in LOSSES},
        "seconds": round(outcome.seconds, 3),
        "device": jax.devices()[0].device_kind,
        "versions": {"stylejax": VERSION, **{name: version(name) for name in ("jax", "jaxlib", "flax", "numpy")}},
        "notes": list(painting.notes),
        **{name: value for name, value in painting.record.items() if name not in ("program", "version")},
    }

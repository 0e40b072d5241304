"""Which targets the pictures of a batch share: those are computed and held once, and have no axis `batch`."""

from collections.abc import Hashable, Iterable
from typing import NamedTuple

from stylejax.optimize.chunk import Shared


class TargetKeys(NamedTuple):
    """What decides each of a picture's targets: pictures with equal keys have equal targets."""

    content: Hashable
    style: Hashable
    guides: Hashable


def target_keys(*, content: Hashable, styles: Hashable, regions: Hashable, mixed: bool) -> TargetKeys:
    """The keys of one picture.

    Args:
        content: which content, and all that decides its pixels.
        styles: which styles, and all that decides their pixels and shares.
        regions: which masks.
        mixed: whether the content has a part in the style targets.
    """
    return TargetKeys(content, (styles, regions, content if mixed else None), regions)


def shared_among(pictures: Iterable[TargetKeys]) -> Shared:
    """The targets that all `pictures` share."""
    return Shared(*(len(set(keys)) == 1 for keys in zip(*pictures, strict=True)))

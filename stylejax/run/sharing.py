"""Which targets the pictures of a batch share: those are computed and held once, and have no axis `batch`."""

from collections.abc import Hashable, Iterable
from typing import NamedTuple

from stylejax.optimize.chunk import Shared
from stylejax.settings.derived import OF_CONTENT, OF_STYLES, values_of
from stylejax.settings.settings import Settings


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


def planned_target_keys(
    settings: Settings,
    content: Hashable,
    styles: Hashable,
    *,
    content_masks: tuple[Hashable, ...] = (),
    style_masks: tuple[Hashable, ...] = (),
) -> TargetKeys:
    """The keys of a picture whose inputs are not read yet, from its settings and the places of its inputs."""
    return target_keys(
        content=(content, *values_of(settings, OF_CONTENT)),
        styles=(styles, *values_of(settings, OF_STYLES)),
        regions=(content if content_masks else None, content_masks, style_masks),
        mixed=settings.keep_color != "none" or settings.strength < 1,
    )


def shared_among(pictures: Iterable[TargetKeys]) -> Shared:
    """The targets that all `pictures` share."""
    return Shared(*(len(set(keys)) == 1 for keys in zip(*pictures, strict=True)))

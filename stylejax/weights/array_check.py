"""Check the arrays of a weight set, reporting all problems at once."""

from collections import Counter
from collections.abc import Collection, Mapping

import numpy as np

from stylejax.files.file_names import printable
from stylejax.network.layers import BLOCK_DEPTHS, kernel_shapes

_MAX_NAMES, _MAX_NAME_LENGTH = 8, 120


def expected_shapes(widths: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """Shape of every array (`conv1_1/kernel`, `conv1_1/bias`, ...) of a network with these widths."""
    shapes = {}
    for name, kernel in kernel_shapes(widths).items():
        shapes[f"{name}/kernel"] = kernel
        shapes[f"{name}/bias"] = kernel[-1:]
    return shapes


def infer_widths(arrays: Mapping[str, np.ndarray]) -> tuple[int, ...]:
    """The width that most arrays of each block have; 0 for a block without arrays."""
    widths = []
    for block, depth in enumerate(BLOCK_DEPTHS, start=1):
        names = [f"conv{block}_{index}/{part}" for index in range(1, depth + 1) for part in ("kernel", "bias")]
        votes = Counter(arrays[name].shape[-1] for name in names if name in arrays and arrays[name].ndim > 0)
        widths.append(votes.most_common(1)[0][0] if votes else 0)
    return tuple(widths)


def array_problems(
    arrays: Mapping[str, np.ndarray],
    widths: tuple[int, ...],
    *,
    labels: Mapping[str, str] | None = None,
    unread: Mapping[str, tuple[int, ...]] | None = None,
) -> str:
    """Why `arrays` is not a VGG-19 with `widths`, in one line; empty if it is.

    The line lists all missing, unknown, misshapen, empty and non-finite arrays by name.

    Args:
        arrays: by flat name.
        widths: channels of the five blocks; 0 where unknown, which skips the check of shapes there.
        labels: names for the message, by flat name.
        unread: shapes of further arrays, which were not read because they do not belong there.
    """
    if len(widths) != len(BLOCK_DEPTHS) or min(widths) < 0:
        return f"widths {widths} are not those of {len(BLOCK_DEPTHS)} blocks"
    expected, labels = expected_shapes(widths), labels or {}
    shapes = {name: array.shape for name, array in arrays.items()} | dict(unread or {})
    missing = [labels.get(name, name) for name in expected if name not in shapes]
    unknown = [labels.get(name, name) for name in shapes if name not in expected]
    misshapen = [
        f"{labels.get(name, name)} is {list(shapes[name])} and not {list(shape)}"
        for name, shape in expected.items()
        if name in shapes and 0 not in shape and shapes[name] != shape
    ]
    empty = [labels.get(name, name) for name in expected if 0 in shapes.get(name, ())]
    broken = [labels.get(name, name) for name, array in arrays.items() if not np.isfinite(array).all()]
    kinds = {
        "missing": missing,
        "unknown": unknown,
        "misshapen": misshapen,
        "no values in": empty,
        "NaN or infinite values in": broken,
    }
    return "; ".join(f"{kind} {listed(names)}" for kind, names in kinds.items() if names)


def listed(names: Collection[str]) -> str:
    """`a, b, c`, truncated after the first few; names come from files and may contain anything."""
    first = ", ".join(printable(name[:_MAX_NAME_LENGTH]) for name in list(names)[:_MAX_NAMES])
    return first if len(names) <= _MAX_NAMES else f"{first} and {len(names) - _MAX_NAMES} more"

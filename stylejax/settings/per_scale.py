"""Whole numbers that may differ from scale to scale: `70`, or the text `600,200,66`."""


def parse_counts(value: int | str) -> tuple[int, ...]:
    """Read one number for all scales, or one for each of the first scales.

    Raises:
        ValueError: an entry of the text is not a whole number.
    """
    return tuple(map(int, value.split(","))) if isinstance(value, str) else (value,)


def at_scales(counts: tuple[int, ...], scales: int) -> list[int]:
    """The number of each scale; the last entry is repeated, and entries beyond the last scale are not used."""
    return [counts[min(scale, len(counts) - 1)] for scale in range(scales)]

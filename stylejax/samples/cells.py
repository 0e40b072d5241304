"""Voronoi cells, and distances to their borders, on pixel grids."""

import numpy as np

_RELAXATIONS = 8


def nearest(places: np.ndarray, sites: np.ndarray) -> np.ndarray:
    """Index of the nearest of `sites` `[count, axes]` for each of `places` `[points, axes]`, int32 `[points]`."""
    best = np.full(len(places), np.inf, np.float32)
    owner = np.zeros(len(places), np.int32)
    for number, site in enumerate(sites):
        distance = sum(((places[:, axis] - site[axis]) ** 2 for axis in range(len(site))), np.float32(0))
        closer = distance < best
        best = np.where(closer, distance, best)
        owner[closer] = number
    return owner


def relaxed(places: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Choose up to `count` sites among `places` `[points, axes]` and move them to the centers of their cells (Lloyd, 1982)."""
    count = min(count, len(places))
    sites = places[rng.choice(len(places), count, replace=False)]
    for _ in range(_RELAXATIONS):
        owner = nearest(places, sites)
        sums = [np.bincount(owner, places[:, axis], count) for axis in range(places.shape[1])]
        tally = np.maximum(np.bincount(owner, minlength=count), 1)
        sites = (np.stack(sums, -1) / tally[:, None]).astype(np.float32)
    return sites


def borders(labels: np.ndarray) -> np.ndarray:
    """Mask of pixels whose label `[rows, columns]` differs from the label to the right or below."""
    edges = np.zeros(labels.shape, bool)
    edges[:-1] |= labels[:-1] != labels[1:]
    edges[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    return edges


def distance_to(edges: np.ndarray, reach: int) -> np.ndarray:
    """Euclidean distance in pixels to the nearest True of `edges`, exact up to `reach` and larger than `reach` beyond.

    Source: Felzenszwalb and Huttenlocher, "Distance Transforms of Sampled Functions", 2012 (separable minimum over parabolas),
    with a bounded reach.
    """
    far = np.float32((reach + 1) ** 2)
    square = np.where(edges, np.float32(0), far)
    for axis in (0, 1):
        length = edges.shape[axis]
        margin = [(reach, reach) if i == axis else (0, 0) for i in (0, 1)]
        padded = np.pad(square, margin, constant_values=far)
        for shift in range(2 * reach + 1):
            part = padded[shift : shift + length] if axis == 0 else padded[:, shift : shift + length]
            square = np.minimum(square, part + np.float32((shift - reach) ** 2))
    return np.sqrt(square)

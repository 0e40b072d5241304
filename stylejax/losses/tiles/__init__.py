"""The objective from tiles of a picture, with the same value and gradient as from the whole picture.

    S = Σ over tiles of sums(tile)                    sums over positions, which the tiles add up to exactly
    total = f(S)                                      the closed form: statistics, distances, weights
    ∇ total = Σ over tiles of J(tile)ᵀ · ∂f/∂S        the vector-Jacobian product of each tile's sums

Source: Galerne, Raad, Lezama and Morel, "Scaling Painting Style Transfer", 2024, algorithm 1.
Differs from the paper: the overlap is derived from the layers, octaves are tiled each by itself, and every statistic works.

Reading order: `geometry`, `content` (the content term from sums), `objective`.
"""

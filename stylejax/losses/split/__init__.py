"""The objective of one picture whose rows are divided among devices, with the same value and gradient as on one device.

Each device computes the rows that it owns from a window of the picture, which reaches as far into its neighbors' rows as the
receptive fields do. It receives those rows of pixels, adds its sums to those of the others, and returns the gradient that
belongs to its neighbors' rows:

    window = own rows and halo                        from the neighbors, by collective permutes
    S = Σ over devices of sums(window)                two all-reduces: the means, then the sums around them
    ∇ total = haloᵀ · J(window)ᵀ · ∂f/∂S              back to the neighbors, by collective permutes

So the windows are the tiles of `losses.tiles`, one on each device, and the features stay in memory between the passes.

Reading order: `geometry`, `halo`, `objective`, `targets`.
"""

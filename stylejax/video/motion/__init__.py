"""Where the pixels of a frame come from.

Reading order: `warp`, `trust` (occlusions and boundaries of motion), `box` and `repair` (flows of neighbors), `flicker`,
`estimate` (optical flow), `flo` (flows in files), `cuts`.
"""

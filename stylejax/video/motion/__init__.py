"""Where the pixels of a frame come from.

Reading order: `warp`, `trust` (occlusions and boundaries of motion), `flicker`, `estimate` (optical flow), `flo` (flows in
files), `cuts`.
"""

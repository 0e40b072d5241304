"""Several processes that start together.

Reading order: `connect` (they find each other), `relay` and `channel` (each learns how the others end), `lockstep` (what they
decide together while they paint one picture), `look` (when they put it together).
"""

"""The loss functions: pure functions of one picture.

Reading order: `content`; `statistics`, `wasserstein`, `style`; `guidance` (regions), `octaves`, `variation`, `temporal` (frames
of a video); `objective`, which puts them together, with `normalization` and `gradients`; `tiles`, the same for pictures too
large for the memory, and `split`, the same by many devices.
"""

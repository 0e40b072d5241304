"""The loss functions: pure functions of one picture.

Reading order: `content`; `statistics`, `wasserstein`, `style`; `guidance` (regions), `octaves`, `variation`, `temporal` (frames
of a video); `spec`, `style_sums` and `targets`, what is compared with what; `objective`, which adds the terms up, with
`normalization` and `gradients`; `tiles`, the same for pictures too large for the memory, and `split`, the same by many devices.
"""

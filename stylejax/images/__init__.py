"""Pictures on the host: float32 sRGB `[height, width, 3]` in [0, 1].

Reading order: `picture`, `io` (files), `resize`, `visible`, `icc`, `proof`, `masks`, `labels`, `color_transfer`, `sheet`.
"""

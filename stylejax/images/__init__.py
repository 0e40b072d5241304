"""Pictures in host memory: float32 sRGB `[height, width, 3]` in [0, 1].

Reading order: `picture`, `io` (files), `resize`, `transparency`, `icc`, `proof`, `color_transfer`, `labels`, `masks`, `sheet`.
"""

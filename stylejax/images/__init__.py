"""Pictures in host memory: sRGB `[height, width, 3]`, as levels or as float32 in [0, 1].

Reading order: `picture`, `bands`, `io` (files), `resample`, `resize`, `transparency`, `icc`, `proof`, `color_transfer`,
`labels`, `masks`, `sheet`.
"""

"""Pictures on the host: reading, writing, resizing and laying out. Float32 sRGB `[height, width, 3]` in [0, 1]."""

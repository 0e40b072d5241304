"""Pictures that are optimized in tiles, because the device's memory is too small for them.

Reading order: `windows`, `octaves`, `gradient` (the objective in two passes), `programs`, `targets`, `update`, `begin`, `chunk`
(the steps). The arithmetic is that of `stylejax.losses.tiles`.

The picture, its targets and the state of its optimizer are in host memory, and one tile at a time on the device.
"""

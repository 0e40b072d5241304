"""Conversion of the weight files that others publish to stylejax weight files.

Reading order: `api`, `detect` (the format, from the content), `tensors` (what every reader returns); `keras` with
`hdf5_checks`, `torch` (state dictionaries), and `codebooks` with `torch_legacy` and `pickled` (kernels of 8-bit codes).
"""

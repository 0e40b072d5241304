"""Reading and writing picture files.

Reading order: `read`, `open_image`, `formats`, `decode`, `levels`, `orientation`, `tiff`, `high_bit_depth`, `stream`; `write`,
`encode`, `png16`, `metadata`.
"""

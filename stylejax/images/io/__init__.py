"""Files of pictures.

Reading order: `read`, `formats`, `decode`, `levels`, `orientation`, `tiff`, `high_bit_depth`, `stream`; `write`, `encode`,
`png16`, `metadata`.
"""

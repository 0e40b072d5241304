"""Weight sets: their files, the known ones, downloads and conversions.

Reading order: `weight_set` (a file) with `safetensors_header` and `array_check`, `sources` (known sets), `load` (a network
from a file), `fetch` with `checksums`; then `download` and `convert`.
"""

"""Other programs, or their formulas, with the same weights and pictures as stylejax, for `scripts/compare_peers.py`."""

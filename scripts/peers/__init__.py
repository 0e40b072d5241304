"""Other programs, or what they compute, run on the same weights and pictures as stylejax; see `scripts/compare_peers.py`."""

"""Training of the small feature network included in stylejax, for `scripts/train_slim.py`."""

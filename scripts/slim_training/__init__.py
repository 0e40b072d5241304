"""Training of the small feature network that ships inside stylejax; run by `scripts/train_slim.py`."""

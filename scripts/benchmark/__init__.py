"""Timing of one optimization step of stylejax and of an independent PyTorch program, for `scripts/benchmark_step.py`."""

"""Timing of one optimization step, here and in an independent PyTorch program. Run by `scripts/benchmark_step.py`."""

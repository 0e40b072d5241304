"""Throughput and cost of large batches: measurements, arithmetic and a simulation, for `scripts/scale_cost.py`."""

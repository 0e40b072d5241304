"""What a hundred thousand pictures take: measurements, arithmetic and a simulation; see `scale_cost.py`."""

"""What is done together: `aspects`, `groups`, `batch_size`, `survey` (all rows before the first is painted)."""

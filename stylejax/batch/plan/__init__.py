"""What runs together: `batch_plan` (all rows, before the first is optimized), `aspects`, `groups`, `batch_size`."""

"""What a terminal shows: `console`, `streams`, `pipes`, `welcome`, `bar`; `display` with `run_display` and `batch_display`."""

"""What a terminal shows: `console`, `streams`, `pipes`, `welcome`, `bar`, `display`, `batch_display`."""

"""What a terminal shows: `console`, `streams`, `pipes`, `welcome`, `bar`; `display`, and with it `run_display`, `batch_display`."""

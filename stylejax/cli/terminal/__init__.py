"""What a terminal shows.

Reading order: `console`, `streams`, `pipes`, `welcome`, `bar`; `display` with `run_display`, `batch_display`, `video_display`.
"""

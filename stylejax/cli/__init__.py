"""The command line.

Reading order: `main`, `process` (signals and errors around every command), `flags` (what each command takes), `parsing` (from
words to flags); the commands `stylize` with `stylize_files` and `default_output`, `sweep`, `batch` with `machines`, `video`,
`demo`, `app`, `weights`, `recipes`, `info`; then `live` (the live page of a run) and `terminal` (what is shown).
"""

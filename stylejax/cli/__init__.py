"""The command line.

Reading order: `main`, `process` (signals and errors around every command), `flags` (what each command takes), `parsing` (from
words to flags); the commands `stylize` with `stylize_files` and `default_output`, `sweep`, `batch`, `video`, `demo`, `app`,
`weights`, `recipes`, `info`; then `together` (several processes), `live` (the live page) and `terminal` (what is shown).
"""

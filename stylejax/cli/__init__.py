"""The command line.

Reading order: `main`, `process` (signals and errors around every command), `flags` (what each command takes), `parsing` (from
words to flags), a module for each command, and `terminal` (what is shown).
"""

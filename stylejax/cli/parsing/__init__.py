"""From the words of a command line to a command.

Reading order: `commands`, `sections`, `sweep_values`, `paths`; then `grammar`, `mistakes`, `completion`, `completer`.
"""

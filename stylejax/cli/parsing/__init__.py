"""From words to commands: `commands`, `sections`, `sweep_values`, `paths`; `grammar`, `mistakes`, `completion`, `completer`."""

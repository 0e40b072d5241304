"""The flags of each command: `shared` and `peers`, then `stylize`, `sweep`, `batch` with `machines`, `video`.

Nothing here imports JAX, so that help, completion and error messages are immediate.
"""

"""The flags of each command: `shared`, then `stylize`, `sweep`, `batch`, `video`.

Nothing here imports JAX, so that help, completion and error messages are immediate.
"""

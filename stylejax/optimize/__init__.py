"""The optimization itself, pure: no I/O and no host loop.

Reading order: `config`, `step`, `adam`; `lbfgs` with `lbfgs_history` and `line_search`; `convergence`, `chunk` (the only jit of
a step), then `enlarge` with `resize_state`.
"""

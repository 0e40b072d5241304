"""The optimization itself, pure: no I/O and no host loop.

Reading order: `optimizer` (the contract) with `traced_config`; `descent` and `adam`; `lbfgs` with `lbfgs_history` and
`line_search`; `optimizers` and `config`; `convergence`, `step`, `chunk` (the only jit of a step), then `enlarge` with
`upsampling`.
"""

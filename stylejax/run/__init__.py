"""Stylizing pictures: the public functions and the host loop.

Reading order: `api`, `inputs`, `loop`, `targets`, `starts`, `progress`, `result`, `sweep`; then `checkpoint`, `memory`,
`devices`, `compilation_cache`, `single_precision`.
"""

"""Weight sets: files, where they are, and how they get there.

Reading order: `weight_set` (a file), `array_check`, `sources` (known sets), `load` (a network from a file), `fetch`; then
`download` and `convert`.
"""

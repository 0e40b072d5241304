"""Many pictures: tables and folders, painted without losing one.

Reading order: `options`, `input` (rows), `plan` (groups and batches), `execute` (the work), `output` (files and records),
`events`, `api`.
"""

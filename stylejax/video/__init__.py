"""Painting clips so that they hold still.

Reading order: `options`, `api`, `prepare`, `run`, `lane`, `film`, `side_by_side`, `painter` with `age` and `strokes`, `steps`,
`progress`; then `motion`, `media`, `threads`. The order of imports is in `tests/project/test_structure.py`.
"""

"""From the arguments of a caller to jobs.

Reading order: `requests`, `reader`, `prepare`, `job`; `preserve_color`, `style_size`.
"""

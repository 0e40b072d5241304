"""The application: stylejax in a browser.

Reading order: `serve`, `form` (the page) with `inputs`, `visitors` (event handlers), `read` (values of the form), `painting`
(a run in a thread) with `run` (a picture) and `clip`; `examples`.
"""

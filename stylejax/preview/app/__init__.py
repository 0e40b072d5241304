"""The application: stylejax in a browser.

Reading order: `serve`, `form` (the page), `visitors` (event handlers), `run` (one run), `examples`.
"""

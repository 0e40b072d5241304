"""Clips: files and folders of frames.

Reading order: `clip` (what a clip is), `pattern`, `colors`, `decode`, `folder`, `open`; `encode` with `sound`; `store`
(finished frames).
"""

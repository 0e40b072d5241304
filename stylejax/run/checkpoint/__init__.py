"""Checkpoints: `checkpoint` (the folder), `state` (what is kept), `fingerprint` (of which run)."""

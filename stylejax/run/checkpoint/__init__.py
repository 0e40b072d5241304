"""Checkpoints.

`checkpoint` (the folder), `state` (what is saved), `fingerprint` (the identity of the run), `together` (of several processes).
"""

"""Compiled programs.

`program` compiles a function once for each shape of its arguments, with an `effort`; `trace_store` and `compilation_cache` keep
on disk what took long.
"""

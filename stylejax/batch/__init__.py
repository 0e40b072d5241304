"""Tables and folders of pictures: a run that can be stopped at any moment and continued by the same call.

A row passes through `input` (cells to rows), `plan` (rows to groups and minibatches), `execute` (minibatches to pictures) and
`output` (pictures to files). Imports follow the order of what knows what, and the planner has to know what is already written:

    records, options  ←  input  ←  output  ←  plan  ←  events  ←  execute  ←  api

`options` are the flags of a run, `events` its progress, `api` the public functions. Each imports only from those to its left
(`tests/project/test_structure.py`). Start reading at `records`, the forms of a row.
"""

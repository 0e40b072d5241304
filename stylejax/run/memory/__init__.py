"""The memory of a run.

`available` on the device and within the `limits` of the process, `estimate` of a run and of its `tiles`, the automatic
`batch_size`, the `share` of a batch that one memory has, the `check` before a run, and the `plan`, which chooses tiles where a
whole picture does not fit.
"""

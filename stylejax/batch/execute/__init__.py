"""The work: `run`, `local` and `ray` (engines), `worker`, `load`, `claims`, `shutdown`."""

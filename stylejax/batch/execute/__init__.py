"""The work: `run`, `local` and `ray` (engines), `worker`, `load`, `lru_cache`, `claims`, `shutdown`."""

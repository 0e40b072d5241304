"""Memory: `available` on the device, `estimate` of a run, the automatic `batch_size`, and the `check` before a run."""

"""Memory: `available` on the device, `estimate` of a run, and the `check` of one against the other."""

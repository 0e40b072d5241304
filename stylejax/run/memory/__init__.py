"""Memory: `available` on the device, the `estimate` of a run, and the `check` of one against the other."""

"""What is written: `paths`, `sidecar` (the record of a picture), `store`, `failures`."""

"""Files: `store`, `sidecar` (the record beside a picture), `failures`."""

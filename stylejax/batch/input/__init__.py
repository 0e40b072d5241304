"""Rows: `cells` (of a file), `table`, `patterns` (rows without a table), `output_names`, `shard`, `distributed`."""

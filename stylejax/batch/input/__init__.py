"""Rows: `row`, `cells` (of a file), `table`, `patterns` (rows without a table), `shard`, `distributed`."""

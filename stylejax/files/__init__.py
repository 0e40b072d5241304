"""Files and folders on this machine and in buckets.

Reading order: `user_paths` and `file_names` (what users write), `atomic` (writing a file whole or not at all), `bounded_read`
and `checksummed` (reading without trust), `same_file` and `output_conflicts` (two paths to one file), `lock` and `lines` (files
that several processes append to), `url` and `folder` (buckets), `cache` and
`disk_arrays`.
"""

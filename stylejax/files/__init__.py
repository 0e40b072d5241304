"""Files and folders: writing whole or not at all, and the cache."""

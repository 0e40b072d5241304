"""One picture on many devices: its rows are divided among them (`losses.split`).

Reading order: `plan`, `chunk`, `mesh`, `targets`, `program`.
"""

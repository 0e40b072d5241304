"""Check, before any work, that no output of a run would overwrite an input or another output.

Two paths are the same file if both exist and are one file (as hard links are), or if the file system does not distinguish their
names after links are resolved (`files.same_file`).
"""

import os
from collections.abc import Iterable
from pathlib import Path

from stylejax.errors import StylejaxError
from stylejax.files.same_file import NameRegistry, file_id

NamedPath = tuple[str, str | os.PathLike[str]]
"""The purpose of a file, as messages name it, and its path."""


def check_output_conflicts(outputs: Iterable[NamedPath], *, inputs: Iterable[NamedPath] = ()) -> None:
    """Check that outputs differ from each other and from the inputs.

    Inputs that do not exist are ignored; reading them will fail with a better message.

    Raises:
        StylejaxError: an output is an input or another output, or would lie below another output.
    """
    read = {found: what for what, path in inputs if (found := file_id(path))}
    existing: dict[tuple[int, int] | None, NamedPath] = {}
    named: NameRegistry[NamedPath] = NameRegistry(Path("/"))
    real = [(what, path, os.path.realpath(path)) for what, path in outputs]
    for what, path, name in real:
        found = file_id(path)
        if found in read:
            raise StylejaxError(f"the {what} {path} would overwrite the {read[found]}; name another file")
        other = named.owner(name) or existing.get(found)
        if other and other != (what, path):
            raise StylejaxError(
                f"the {other[0]} {other[1]} and the {what} {path} would be one file; name another for one of them"
            )
        named.take(name, (what, path))
        if found:
            existing[found] = what, path
    for what, path, name in real:
        for folder in Path(name).parents:
            if above := named.owner(str(folder)):
                raise StylejaxError(f"the {what} {path} would lie in the {above[0]} {above[1]}, which is a file; name another")

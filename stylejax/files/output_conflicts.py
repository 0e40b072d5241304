"""No file of a run takes the place of another: what is written is compared with itself and with what is read, before any work.

Two paths are one file if both are there and are one, as hard links are, and if their names are one (`files.same_file`), through
whatever links.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from stylejax.errors import StylejaxError
from stylejax.files.same_file import NameRegistry, file_id

NamedPath = tuple[str, str | os.PathLike[str]]
"""What a file is for, as a message calls it, and its path."""


def check_output_conflicts(outputs: Iterable[NamedPath], inputs: Iterable[NamedPath] = ()) -> None:
    """Raise StylejaxError when an output is an input or another output, or would lie below another output.

    Inputs that do not exist are left to those who read them.
    """
    read = {same: what for what, path in inputs if (same := file_id(path))}
    there: dict[tuple[int, int] | None, NamedPath] = {}
    named: NameRegistry[NamedPath] = NameRegistry(Path("/"))
    real = [(what, path, os.path.realpath(path)) for what, path in outputs]
    for what, path, name in real:
        same = file_id(path)
        if same in read:
            raise StylejaxError(f"the {what} {path} would take the place of the {read[same]}; name another file")
        other = named.owner(name) or there.get(same)
        if other and other != (what, path):
            raise StylejaxError(
                f"the {other[0]} {other[1]} and the {what} {path} would be one file; name another for one of them"
            )
        named.take(name, (what, path))
        if same:
            there[same] = what, path
    for what, path, name in real:
        for folder in Path(name).parents:
            if above := named.owner(str(folder)):
                raise StylejaxError(f"the {what} {path} would lie in the {above[0]} {above[1]}, which is a file; name another")

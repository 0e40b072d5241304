"""Flags that several commands share."""

from pathlib import Path
from typing import Annotated

import tyro

Styles = Annotated[
    tyro.conf.Positional[tuple[Path, ...]],
    tyro.conf.arg(name="style", metavar="STYLE [STYLE ...]", help_behavior_hint="(required)"),
]
CompileCache = Annotated[
    bool,
    tyro.conf.arg(
        help="Keep compiled programs in the cache folder, so that the next run of the same shape and kind starts at once."
    ),
]
Quiet = Annotated[bool, tyro.conf.FlagCreatePairsOff, tyro.conf.arg(help="Print errors only.")]

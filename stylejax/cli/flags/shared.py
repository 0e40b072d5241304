"""Flags that several commands share."""

from pathlib import Path
from typing import Annotated

import tyro

from stylejax.choices import DeviceCount, SplitName

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
Devices = Annotated[
    DeviceCount, tyro.conf.arg(help="Number of devices of this machine to use; each batch is spread over them.")
]
Split = Annotated[
    SplitName,
    tyro.conf.arg(
        help="Divide each picture by rows among devices, where it is too large or too slow for one: `picture` for all of "
        "`--devices`, or a number of them. The result is the same up to rounding."
    ),
]

"""Flags that several commands share."""

from typing import Annotated

import tyro

CompileCache = Annotated[
    bool,
    tyro.conf.arg(
        help="Keep compiled programs in the cache folder, so that the same shape and kind of run starts at once the next time."
    ),
]
Quiet = Annotated[bool, tyro.conf.FlagCreatePairsOff, tyro.conf.arg(help="Print nothing but errors.")]

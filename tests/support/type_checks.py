"""The checker of types for `--jaxtyping-packages`: beartype, for which an int is a float, as PEP 484 says."""

from typing import BinaryIO

from beartype import BeartypeConf, FrozenDict, beartype

_UNCHECKED = FrozenDict({BinaryIO: object})  # beartype asks for attributes that `io.BytesIO` lacks
checked = beartype(conf=BeartypeConf(is_pep484_tower=True, hint_overrides=_UNCHECKED))

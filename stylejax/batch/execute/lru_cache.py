"""A bounded cache."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any


class LRUCache(OrderedDict[Any, Any]):
    """A mapping of at most `most` entries; setting one more drops the least recently used."""

    def __init__(self, most: int):
        super().__init__()
        self._most = most

    def __getitem__(self, key: Hashable) -> Any:
        self.move_to_end(key)
        return super().__getitem__(key)

    def __setitem__(self, key: Hashable, value: Any) -> None:
        super().__setitem__(key, value)
        while len(self) > self._most:
            self.popitem(last=False)

    def get_or_make(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The entry of `key`, made if there is none."""
        if key not in self:
            self[key] = make()
        return self[key]

"""Rate limits counted in this process's memory, by many threads at once."""

from __future__ import annotations

from threading import Lock
from typing import Any

from limits.storage import MemoryStorage

SCHEME = "memory-locked"  # by which the library finds the class


class LockedMemoryStorage(MemoryStorage):
    """The library's memory, one thread at a time: two threads may start its timer twice."""

    STORAGE_SCHEME = [SCHEME]

    def __init__(self, *args: Any, **options: Any) -> None:
        self._turn = Lock()
        super().__init__(*args, **options)

    def incr(self, *args: Any, **options: Any) -> int:
        """Count a use; arguments and answer are those of `MemoryStorage.incr`."""
        with self._turn:
            return super().incr(*args, **options)

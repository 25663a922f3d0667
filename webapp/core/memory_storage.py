"""Thread-safe rate limit counters in the memory of this process."""

from __future__ import annotations

from threading import Lock
from typing import Any

from limits.storage import MemoryStorage

SCHEME = "memory-locked"  # URL scheme under which the library registers the class


class LockedMemoryStorage(MemoryStorage):
    """The library's memory storage behind a lock: two threads may start its timer twice."""

    STORAGE_SCHEME = [SCHEME]

    def __init__(self, *args: Any, **options: Any) -> None:
        self._lock = Lock()
        super().__init__(*args, **options)

    def incr(self, *args: Any, **options: Any) -> int:
        """Increment a counter as `MemoryStorage.incr` does, under the lock."""
        with self._lock:
            return super().incr(*args, **options)

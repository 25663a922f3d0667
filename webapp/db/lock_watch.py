"""How long another program has been writing to the database."""

from __future__ import annotations

import time
from datetime import timedelta

from flask import current_app

NAME = "lock_watch"


class LockWatch:
    """Remembers when a foreign lock was first seen.

    Attributes:
        since: that moment by the monotonic clock, in seconds; None while nobody else writes.
    """

    def __init__(self) -> None:
        self.since: float | None = None

    def seen(self) -> timedelta:
        """Note a lock that is seen now; return for how long it has been seen."""
        now = time.monotonic()
        self.since = self.since or now
        return timedelta(seconds=now - self.since)

    def clear(self) -> None:
        """Note that nobody else writes."""
        self.since = None


def lock_watch() -> LockWatch:
    """Return the watch of the current app."""
    watch: LockWatch = current_app.extensions[NAME]
    return watch

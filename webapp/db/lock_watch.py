"""Duration of a foreign lock on the database."""

from __future__ import annotations

import time
from datetime import timedelta

from flask import current_app

NAME = "lock_watch"


class LockWatch:
    """Records when another program's lock was first observed.

    Attributes:
        since: that moment by the monotonic clock, in seconds; None while no other program writes.
    """

    def __init__(self) -> None:
        self.since: float | None = None

    def observe(self) -> timedelta:
        """Record that the lock is held now; return for how long it has been observed."""
        now = time.monotonic()
        self.since = self.since or now
        return timedelta(seconds=now - self.since)

    def clear(self) -> None:
        """Record that no other program writes."""
        self.since = None


def lock_watch() -> LockWatch:
    """Return the lock watch of the current app."""
    watch: LockWatch = current_app.extensions[NAME]
    return watch

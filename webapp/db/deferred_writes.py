"""Writes that may follow the response, so that reads never wait for another writer.

Reads add entries to the audit log. An entry is written at once if the database is free, otherwise
with the next entry or by background work within seconds. Until then it is in memory and in the log.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock

from flask import current_app
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from webapp.db.transactions import is_locked, retry_on_conflict, unit_of_work

Write = Callable[[Session], object]
NAME = "deferred_writes"
MAX_PENDING = 10_000


class DeferredWrites:
    """The pending writes of one process."""

    def __init__(self) -> None:
        self._pending: deque[Write] = deque()
        self._lock = Lock()

    def submit(self, write: Write) -> None:
        """Write in a separate transaction, now or when no other program writes.

        Raises:
            sqlalchemy.exc.DBAPIError: if the write fails, or MAX_PENDING writes are pending.
        """
        with self._lock:
            self._pending.append(write)
            try:
                self._write(waits=len(self._pending) > MAX_PENDING)
            except DBAPIError as error:
                if len(self._pending) > MAX_PENDING or not is_locked(error):
                    self._pending.pop()
                    raise

    def flush(self) -> None:
        """Write everything pending; on failure it stays pending."""
        with self._lock:
            if self._pending:
                self._write(waits=True)

    @retry_on_conflict
    def _write(self, *, waits: bool) -> None:
        with unit_of_work(waits=waits) as session:
            for write in self._pending:
                write(session)
        self._pending.clear()


def deferred_writes() -> DeferredWrites:
    """Return the deferred writes of the current app."""
    writes: DeferredWrites = current_app.extensions[NAME]
    return writes

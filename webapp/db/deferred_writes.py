"""Writes that may follow the answer: nobody who reads waits while another program writes.

Reads leave entries in the audit log. They are written at once where the database lets us, else with
the next one, or by background work within seconds. They are in memory meanwhile, and in the log.
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
MOST = 10_000


class Unwritten:
    """The writes of one process that wait."""

    def __init__(self) -> None:
        self._waiting: deque[Write] = deque()
        self._lock = Lock()

    def soon(self, write: Write) -> None:
        """Write in a transaction of its own, now or as soon as no other program writes.

        Raises:
            sqlalchemy.exc.DBAPIError: if it cannot be written, or `MOST` wait already.
        """
        with self._lock:
            self._waiting.append(write)
            try:
                self._write(waits=len(self._waiting) > MOST)
            except DBAPIError as error:
                if len(self._waiting) > MOST or not is_locked(error):
                    self._waiting.pop()
                    raise

    def write_all(self) -> None:
        """Write what waits; it stays where that fails."""
        with self._lock:
            if self._waiting:
                self._write(waits=True)

    @retry_on_conflict
    def _write(self, *, waits: bool) -> None:
        with unit_of_work(waits=waits) as session:
            for write in self._waiting:
                write(session)
        self._waiting.clear()


def deferred_writes() -> Unwritten:
    """Return the writes of the current app that may follow the answer."""
    writes: Unwritten = current_app.extensions[NAME]
    return writes

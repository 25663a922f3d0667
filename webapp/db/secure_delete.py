"""Secure deletion: what deleted rows left in SQLite's write-ahead log is truncated."""

from __future__ import annotations

from threading import Event

from sqlalchemy import text

from webapp.db.engine import BUSY_MS, POSTGRESQL, db

EMPTYING_MS = 1_000
# Whether this process left deleted rows in SQLite's log, since somebody was reading.
_pages_left = Event()


def truncate_log(wait_ms: int = EMPTYING_MS) -> None:
    """Take away what deleted rows left, as far as the database does.

    SQLite's write-ahead log is emptied; where somebody reads for longer than the wait, by
    `truncate_log_later`. PostgreSQL frees the places of deleted keys; they and its log are
    overwritten in time.
    """
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if db.engine.dialect.name == POSTGRESQL:
            connection.execute(text("VACUUM (SKIP_LOCKED) person_key"))
            return
        connection.execute(text(f"PRAGMA busy_timeout = {wait_ms}"))
        is_read = connection.scalar(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        connection.execute(text(f"PRAGMA busy_timeout = {BUSY_MS}"))
    if is_read:
        _pages_left.set()
    else:
        _pages_left.clear()


def truncate_log_later() -> None:
    """Take away what a long reader kept of deleted rows; writers do not wait for it."""
    if _pages_left.is_set():
        truncate_log(wait_ms=0)

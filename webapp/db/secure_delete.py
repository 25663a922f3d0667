"""Secure deletion: truncate the traces of deleted rows in SQLite's write-ahead log."""

from __future__ import annotations

from threading import Event

from sqlalchemy import text

from webapp.db.engine import BUSY_MS, POSTGRESQL, db

TRUNCATE_WAIT_MS = 1_000
# Set while deleted rows remain in SQLite's log because a reader blocked the truncation.
_truncation_pending = Event()


def truncate_log(wait_ms: int = TRUNCATE_WAIT_MS) -> None:
    """Remove the traces of deleted rows, as far as the database can.

    SQLite's write-ahead log is truncated. If a reader blocks it for longer than `wait_ms`,
    `truncate_log_later` does it. PostgreSQL frees the space of deleted keys; it overwrites that
    space and its own log in time.
    """
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if db.engine.dialect.name == POSTGRESQL:
            connection.execute(text("VACUUM (SKIP_LOCKED) person_key"))
            return
        connection.execute(text(f"PRAGMA busy_timeout = {wait_ms}"))
        is_blocked = connection.scalar(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        connection.execute(text(f"PRAGMA busy_timeout = {BUSY_MS}"))
    if is_blocked:
        _truncation_pending.set()
    else:
        _truncation_pending.clear()


def truncate_log_later() -> None:
    """Retry a truncation that a long reader blocked; writers do not wait for it."""
    if _truncation_pending.is_set():
        truncate_log(wait_ms=0)

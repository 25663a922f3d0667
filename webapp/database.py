"""How the app talks to its database: SQLite's settings, and writing as one unit of work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.orm import Session

from webapp.extensions import db

BUSY_MS = 10_000
EMPTYING_MS = 1_000
PRAGMAS = (
    "foreign_keys = ON",
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = ON",
    f"busy_timeout = {BUSY_MS}",
)
WRITES = "writes"


def prepare_engine(engine: Engine) -> None:
    """Give every SQLite connection its settings, and writers the lock from their start."""
    if engine.dialect.name != "sqlite":
        return
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)


def _set_pragmas(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin` says, and only there
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """One writing transaction: all of it is committed, or nothing.

    It starts on the database as it is now: what was read before is read again.
    """
    session: Session = db.session()
    session.rollback()
    session.connection(execution_options={WRITES: True})
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


def forget_deleted_pages() -> None:
    """Empty SQLite's write-ahead log, in which deleted rows may still stand.

    Where somebody reads for longer than the wait, the log is emptied by a later change.
    """
    if db.engine.dialect.name != "sqlite":
        return
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"PRAGMA busy_timeout = {EMPTYING_MS}"))
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        connection.execute(text(f"PRAGMA busy_timeout = {BUSY_MS}"))

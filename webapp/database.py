"""How the app talks to its database: the settings of each kind, and writing as one unit of work.

SQLite and PostgreSQL are used alike. Who reads sees one state of the database for as long as the
transaction lasts. Who writes sees the newest, and nobody else changes it meanwhile: SQLite has one
writer at a time, and on PostgreSQL writers of all nodes take a lock that ends with the transaction.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from random import SystemRandom
from threading import Event
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, event, make_url, text
from sqlalchemy.exc import (
    DBAPIError,
    DisconnectionError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import Session

from webapp.extensions import db

BUSY_MS = 10_000
# How long work that can be written later waits for another writer.
MOMENT_MS = 50
EMPTYING_MS = 1_000
PRAGMAS = (
    "foreign_keys = ON",
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = ON",
    f"busy_timeout = {BUSY_MS}",
)
SQLITE, POSTGRESQL = "sqlite", "postgresql"
# What a connection is opened for.
WRITES, ALONE, LASTING, PATIENT = "writes", "writes_alone", "writes_lasting", "writes_patient"
# Names the lock of those who write, among all locks of the database.
WRITERS_LOCK = 0x66616365
TRIES, LONGEST_PAUSE_SECONDS = 4, 0.1
# SQLSTATEs of transactions that were undone for another's sake, and pass when done again.
UNDONE_FOR_OTHERS = {"40001", "40P01"}
LOCK_NOT_AVAILABLE = "55P03"
# The database is away, refuses to write, is of an older version, or takes too long.
UNAVAILABLE = (
    OperationalError,
    InternalError,
    InterfaceError,
    ProgrammingError,
    DisconnectionError,
    NoConnectionFree,
)

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Waits:
    """How long PostgreSQL is waited for.

    `idle_ms` bounds the locks of a process that stopped in the middle of a transaction.
    """

    connect_s: int = 5
    connection_s: int = 10
    lock_ms: int = BUSY_MS
    statement_ms: int = 30_000
    idle_ms: int = 120_000
    network_ms: int = 20_000

    @property
    def options(self) -> str:
        """They as options of a connection."""
        limits = {
            "lock_timeout": self.lock_ms,
            "statement_timeout": self.statement_ms,
            "idle_in_transaction_session_timeout": self.idle_ms,
        }
        return " ".join(f"-c {name}={value}" for name, value in limits.items())


WAITS = Waits()
# Whether this process left deleted rows in SQLite's log, since somebody was reading.
_pages_left = Event()
BACKGROUND_CONNECTIONS = 4  # work that goes on beside requests


def engine_options(url: str, threads: int = 1) -> dict[str, Any]:
    """How connections to a database are made and kept.

    Args:
        url: of the database.
        threads: that use it side by side; each may count a request beside what it reads, by a
            connection of its own.
    """
    options: dict[str, Any] = {
        "hide_parameters": True,  # they would reach the log
        "pool_size": threads,
        "max_overflow": threads + BACKGROUND_CONNECTIONS,
        "pool_timeout": WAITS.connection_s,
    }
    if make_url(url).get_backend_name() != POSTGRESQL:
        return options
    return options | {
        "isolation_level": "REPEATABLE READ",
        "pool_pre_ping": True,  # a database that was away is used again without a failed request
        "connect_args": {
            "connect_timeout": WAITS.connect_s,
            "tcp_user_timeout": WAITS.network_ms,
            "options": WAITS.options,
        },
    }


def prepare_engine(engine: Engine) -> None:
    """Give every connection its settings, and writers the lock from their start."""
    if engine.dialect.name == SQLITE:
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    else:
        event.listen(engine, "begin", _take_turn)


def writing(
    engine: Engine, *, alone: bool = True, lasting: bool = True, waits: bool = True
) -> Mapping[str, Any]:
    """The execution options of a connection that writes.

    Args:
        engine: to which database.
        alone: whether everybody else who writes waits until the transaction ends; else only those
            wait who write alone. SQLite knows no difference.
        lasting: whether what is committed is on the disk; else the last of it may be gone after a
            loss of power, which nothing waits for.
        waits: whether it waits for other writers; else it fails, see `is_locked`.
    """
    options: dict[str, Any] = {WRITES: True, ALONE: alone, LASTING: lasting, PATIENT: waits}
    if engine.dialect.name == POSTGRESQL:
        options["isolation_level"] = "READ COMMITTED"  # what is current once the lock is held
    return options


@dataclass
class _Shared:
    """A transaction that several units of work share, and whether it has begun."""

    begun: bool = False


_shared: ContextVar[_Shared | None] = ContextVar("shared transaction", default=None)


@contextmanager
def one_transaction() -> Iterator[None]:
    """Commit together what units of work write inside: all of it, or nothing.

    The first of them begins the transaction, so that what is worked out before locks nothing. One
    that fails takes back its own part alone.
    """
    if _shared.get() is not None:
        yield
        return
    shared, session = _Shared(), db.session()
    token = _shared.set(shared)
    try:
        yield
        if shared.begun:
            session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        _shared.reset(token)


@contextmanager
def unit_of_work(
    *, alone: bool = True, lasting: bool = True, waits: bool = True
) -> Iterator[Session]:
    """One writing transaction: all of it is committed, or nothing.

    It starts on the database as it is now: what was read before is read again. Within
    `one_transaction` it is a part of that. Not `alone` is what only adds rows of its own, and takes
    long. Not `lasting` is what another one follows before anybody is answered: with that one's
    commit this one is on the disk, too. Not `waits` is what can be written later: it fails at once
    while another program writes.
    """
    session: Session = db.session()
    shared = _shared.get()
    if shared is None or not shared.begun:
        session.rollback()
        joined = shared is not None
        options = writing(
            db.engine, alone=alone or joined, lasting=lasting or joined, waits=waits or joined
        )
        session.connection(execution_options=options)
    if shared:
        shared.begun = True
        with session.begin_nested():
            yield session
        return
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


def retried(service: Callable[P, R]) -> Callable[P, R]:
    """Do a service again, whole, where its transaction was undone for another's sake.

    Within `one_transaction` it is not: there more than the service was undone.
    """

    @wraps(service)
    def persistent(*args: P.args, **kwargs: P.kwargs) -> R:
        for left in reversed(range(TRIES)):
            try:
                return service(*args, **kwargs)
            except DBAPIError as error:
                if not left or _shared.get() or not is_undone_for_others(error):
                    raise
                time.sleep(SystemRandom().uniform(0, LONGEST_PAUSE_SECONDS))
        raise AssertionError  # the last try returns or raises

    return persistent


def is_undone_for_others(error: DBAPIError) -> bool:
    """Whether a transaction would pass when done again: a deadlock, or a conflict of writers."""
    return getattr(error.orig, "sqlstate", None) in UNDONE_FOR_OTHERS


def is_locked(error: DBAPIError) -> bool:
    """Return whether a transaction failed since another program was writing."""
    if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
        return True
    return (getattr(error.orig, "sqlite_errorcode", 0) or 0) & 0xFF == sqlite3.SQLITE_BUSY


def forget_deleted_pages(wait_ms: int = EMPTYING_MS) -> None:
    """Take away what deleted rows left, as far as the database does.

    SQLite's write-ahead log is emptied; where somebody reads for longer than the wait, by
    `forget_left_pages`. PostgreSQL frees the places of deleted keys; they and its log are
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


def forget_left_pages() -> None:
    """Take away what a long reader kept of deleted rows; writers do not wait for it."""
    if _pages_left.is_set():
        forget_deleted_pages(wait_ms=0)


def _set_pragmas(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin` says, and only there
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(WRITES):
        connection.exec_driver_sql("BEGIN")
        return
    synchronous = "FULL" if options.get(LASTING, True) else "NORMAL"
    connection.exec_driver_sql(f"PRAGMA synchronous = {synchronous}")
    if options.get(PATIENT, True):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    patience = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {min(patience, MOMENT_MS)}")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {patience}")


def _take_turn(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(WRITES):
        return
    if not options.get(PATIENT, True):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {MOMENT_MS}")
    lock = "pg_advisory_xact_lock" if options.get(ALONE) else "pg_advisory_xact_lock_shared"
    connection.exec_driver_sql(f"SELECT {lock}({WRITERS_LOCK})")
    if not options.get(PATIENT, True):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {WAITS.lock_ms}")
    if not options.get(LASTING, True):
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")

"""The database's engine: the settings of each kind, and what every connection does as it begins.

SQLite and PostgreSQL are used alike. Who reads sees one state of the database for as long as the
transaction lasts. Who writes sees the newest, and nobody else changes it meanwhile: SQLite has one
writer at a time, and on PostgreSQL writers of all nodes take a lock that ends with the transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, event, make_url
from sqlalchemy.exc import (
    DisconnectionError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from webapp.db.models.columns import Model

db = SQLAlchemy(metadata=Model.metadata)

BUSY_MS = 10_000
# How long work that can be written later waits for another writer.
MOMENT_MS = 50
PRAGMAS = (
    "foreign_keys = ON",
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = ON",
    f"busy_timeout = {BUSY_MS}",
)
SQLITE, POSTGRESQL = "sqlite", "postgresql"
# What a connection is opened for.
WRITES, EXCLUSIVE, DURABLE, PATIENT = (
    "writes",
    "writes_exclusive",
    "writes_durable",
    "writes_patient",
)
# Names the lock of those who write, among all locks of the database.
WRITERS_LOCK = 0x66616365
# The database is away, refuses to write, is of an older version, or takes too long.
UNAVAILABLE = (
    OperationalError,
    InternalError,
    InterfaceError,
    ProgrammingError,
    DisconnectionError,
    NoConnectionFree,
)


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
        event.listen(engine, "begin", _acquire_writer_lock)


def writing(
    engine: Engine, *, exclusive: bool = True, durable: bool = True, waits: bool = True
) -> Mapping[str, Any]:
    """The execution options of a connection that writes.

    Args:
        engine: to which database.
        exclusive: whether all other writers wait until the transaction ends; otherwise only
            exclusive ones wait. SQLite knows no difference.
        durable: whether what is committed is on the disk; else the last of it may be gone after a
            loss of power, which nothing waits for.
        waits: whether it waits for other writers; else it fails, see `is_locked`.
    """
    options: dict[str, Any] = {WRITES: True, EXCLUSIVE: exclusive, DURABLE: durable, PATIENT: waits}
    if engine.dialect.name == POSTGRESQL:
        options["isolation_level"] = "READ COMMITTED"  # what is current once the lock is held
    return options


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
    synchronous = "FULL" if options.get(DURABLE, True) else "NORMAL"
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


def _acquire_writer_lock(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(WRITES):
        return
    if not options.get(PATIENT, True):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {MOMENT_MS}")
    lock = "pg_advisory_xact_lock" if options.get(EXCLUSIVE) else "pg_advisory_xact_lock_shared"
    connection.exec_driver_sql(f"SELECT {lock}({WRITERS_LOCK})")
    if not options.get(PATIENT, True):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {WAITS.lock_ms}")
    if not options.get(DURABLE, True):
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")

"""Engine options and connection hooks of the database.

SQLite and PostgreSQL behave alike. A reading transaction sees one snapshot. A writing transaction
sees the newest state and excludes other writers: SQLite has a single writer, and on PostgreSQL
writers of all nodes take an advisory lock that ends with the transaction.
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
# A write that can be deferred waits this long for another writer.
DEFERRABLE_WAIT_MS = 50
PRAGMAS = (
    "foreign_keys = ON",
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = ON",
    f"busy_timeout = {BUSY_MS}",
)
SQLITE, POSTGRESQL = "sqlite", "postgresql"
# Execution options of a connection.
WRITES, EXCLUSIVE, DURABLE, BLOCKING = (
    "writes",
    "writes_exclusive",
    "writes_durable",
    "writes_blocking",
)
# Key of the writers' advisory lock on PostgreSQL.
WRITERS_LOCK = 0x66616365
# The database is unreachable, read-only, of an older version, or too slow.
UNAVAILABLE = (
    OperationalError,
    InternalError,
    InterfaceError,
    ProgrammingError,
    DisconnectionError,
    NoConnectionFree,
)


@dataclass(frozen=True)
class Timeouts:
    """Timeouts on PostgreSQL, in seconds (`_s`) or milliseconds (`_ms`).

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
        """The server-side timeouts as libpq options."""
        limits = {
            "lock_timeout": self.lock_ms,
            "statement_timeout": self.statement_ms,
            "idle_in_transaction_session_timeout": self.idle_ms,
        }
        return " ".join(f"-c {name}={value}" for name, value in limits.items())


TIMEOUTS = Timeouts()
BACKGROUND_CONNECTIONS = 4  # for background work


def engine_options(url: str, threads: int = 1) -> dict[str, Any]:
    """Return the options of SQLAlchemy's engine.

    Args:
        url: the database URL.
        threads: number of concurrent threads. Each may need a second connection, to count a
            request while it reads.
    """
    options: dict[str, Any] = {
        "hide_parameters": True,  # parameters hold personal data and would reach the log
        "pool_size": threads,
        "max_overflow": threads + BACKGROUND_CONNECTIONS,
        "pool_timeout": TIMEOUTS.connection_s,
    }
    if make_url(url).get_backend_name() != POSTGRESQL:
        return options
    return options | {
        "isolation_level": "REPEATABLE READ",
        "pool_pre_ping": True,  # reconnect after an outage without a failed request
        "connect_args": {
            "connect_timeout": TIMEOUTS.connect_s,
            "tcp_user_timeout": TIMEOUTS.network_ms,
            "options": TIMEOUTS.options,
        },
    }


def prepare_engine(engine: Engine) -> None:
    """Install the hooks that set up connections and lock writing transactions."""
    if engine.dialect.name == SQLITE:
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    else:
        event.listen(engine, "begin", _acquire_writer_lock)


def writing(
    engine: Engine, *, exclusive: bool = True, durable: bool = True, waits: bool = True
) -> Mapping[str, Any]:
    """Return the execution options of a writing connection.

    Args:
        engine: the engine of the database.
        exclusive: whether all other writers wait until the transaction ends; if False, only
            exclusive writers wait. SQLite makes no difference.
        durable: whether the commit waits for the disk; if False, a power failure may lose it.
        waits: whether to wait for other writers; if False, fail as `is_locked` detects.
    """
    options: dict[str, Any] = {
        WRITES: True,
        EXCLUSIVE: exclusive,
        DURABLE: durable,
        BLOCKING: waits,
    }
    if engine.dialect.name == POSTGRESQL:
        options["isolation_level"] = "READ COMMITTED"  # see the state after the lock is acquired
    return options


def _set_pragmas(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # only `_begin` starts transactions
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
    if options.get(BLOCKING, True):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    timeout_ms = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {min(timeout_ms, DEFERRABLE_WAIT_MS)}")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {timeout_ms}")


def _acquire_writer_lock(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(WRITES):
        return
    if not options.get(BLOCKING, True):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {DEFERRABLE_WAIT_MS}")
    lock = "pg_advisory_xact_lock" if options.get(EXCLUSIVE) else "pg_advisory_xact_lock_shared"
    connection.exec_driver_sql(f"SELECT {lock}({WRITERS_LOCK})")
    if not options.get(BLOCKING, True):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {TIMEOUTS.lock_ms}")
    if not options.get(DURABLE, True):
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")

"""Writing transactions: units of work that commit or roll back as a whole."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from random import SystemRandom
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from webapp.db.engine import db, writing

MAX_ATTEMPTS, MAX_PAUSE_SECONDS = 4, 0.1
# Retryable SQLSTATEs: serialization failure, deadlock.
RETRYABLE = {"40001", "40P01"}
LOCK_NOT_AVAILABLE = "55P03"
P = ParamSpec("P")
R = TypeVar("R")


@dataclass
class _Shared:
    """A transaction shared by several units of work, and whether it has begun."""

    begun: bool = False


_shared: ContextVar[_Shared | None] = ContextVar("shared transaction", default=None)


@contextmanager
def one_transaction() -> Iterator[None]:
    """Commit all units of work inside the block together, or none.

    The first unit of work begins the transaction, so that computations before it hold no lock. A
    unit that fails rolls back only its own part.
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
    *, exclusive: bool = True, durable: bool = True, waits: bool = True
) -> Iterator[Session]:
    """Open a writing transaction that commits or rolls back as a whole.

    It starts on the current state of the database; objects read before are reloaded. Within
    `one_transaction` it is a savepoint of the shared transaction.

    Args:
        exclusive: False for a long transaction that only adds rows of its own.
        durable: False skips the wait for the disk. Use it only if a durable transaction commits
            before the response.
        waits: False fails at once while another program writes. Use it for deferrable writes.
    """
    session: Session = db.session()
    shared = _shared.get()
    if shared is None or not shared.begun:
        session.rollback()
        joined = shared is not None
        options = writing(
            db.engine,
            exclusive=exclusive or joined,
            durable=durable or joined,
            waits=waits or joined,
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


def retry_on_conflict(service: Callable[P, R]) -> Callable[P, R]:
    """Decorate a service to retry it as a whole after a transaction conflict.

    There is no retry within `one_transaction`: its rollback undid more than the service.
    """

    @wraps(service)
    def retrying(*args: P.args, **kwargs: P.kwargs) -> R:
        for left in reversed(range(MAX_ATTEMPTS)):
            try:
                return service(*args, **kwargs)
            except DBAPIError as error:
                if not left or _shared.get() or not is_retryable(error):
                    raise
                time.sleep(SystemRandom().uniform(0, MAX_PAUSE_SECONDS))
        raise AssertionError  # the last attempt returns or raises

    return retrying


def is_retryable(error: DBAPIError) -> bool:
    """Return whether a transaction failed through a deadlock or a write conflict."""
    return getattr(error.orig, "sqlstate", None) in RETRYABLE


def is_locked(error: DBAPIError) -> bool:
    """Return whether a transaction failed because another program was writing."""
    if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
        return True
    return (getattr(error.orig, "sqlite_errorcode", 0) or 0) & 0xFF == sqlite3.SQLITE_BUSY

"""Writing as one unit of work: all of it is committed, or nothing."""

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

from sqlalchemy.exc import (
    DBAPIError,
)
from sqlalchemy.orm import Session

from webapp.db.engine import db, writing

TRIES, LONGEST_PAUSE_SECONDS = 4, 0.1
# SQLSTATEs of transactions that were undone for another's sake, and pass when done again.
UNDONE_FOR_OTHERS = {"40001", "40P01"}
LOCK_NOT_AVAILABLE = "55P03"
P = ParamSpec("P")
R = TypeVar("R")


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
    *, exclusive: bool = True, durable: bool = True, waits: bool = True
) -> Iterator[Session]:
    """One writing transaction: all of it is committed, or nothing.

    It starts on the database as it is now: what was read before is read again. Within
    `one_transaction` it is a part of that.

    Args:
        exclusive: False for a long transaction that only adds rows of its own.
        durable: False skips the wait for the disk; for a transaction that a durable one follows
            before the response.
        waits: False fails at once while another program writes; for what can be written later.
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
    """Do a service again, whole, where its transaction was undone for another's sake.

    Within `one_transaction` it is not: there more than the service was undone.
    """

    @wraps(service)
    def persistent(*args: P.args, **kwargs: P.kwargs) -> R:
        for left in reversed(range(TRIES)):
            try:
                return service(*args, **kwargs)
            except DBAPIError as error:
                if not left or _shared.get() or not is_retryable(error):
                    raise
                time.sleep(SystemRandom().uniform(0, LONGEST_PAUSE_SECONDS))
        raise AssertionError  # the last try returns or raises

    return persistent


def is_retryable(error: DBAPIError) -> bool:
    """Whether a transaction would pass when done again: a deadlock, or a conflict of writers."""
    return getattr(error.orig, "sqlstate", None) in UNDONE_FOR_OTHERS


def is_locked(error: DBAPIError) -> bool:
    """Return whether a transaction failed since another program was writing."""
    if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
        return True
    return (getattr(error.orig, "sqlite_errorcode", 0) or 0) & 0xFF == sqlite3.SQLITE_BUSY

"""Rate limits counted in the database, shared by all processes and kept over restarts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from limits.storage import MemoryStorage, Storage
from sqlalchemy import Connection, bindparam, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import InstrumentedAttribute

from webapp.db.engine import db, writing
from webapp.db.key_store import key_store
from webapp.db.models import RateLimitWindow
from webapp.db.transactions import is_locked

SCHEME = "database"
# Prepared once: every request of a program is counted.
_RAISE = (
    update(RateLimitWindow)
    .where(RateLimitWindow.key == bindparam("whose"), RateLimitWindow.ends_at > bindparam("now"))
    .values(hits=RateLimitWindow.hits + bindparam("amount"))
    .returning(RateLimitWindow.hits)
)
_OVER = select(RateLimitWindow.key).where(RateLimitWindow.ends_at <= bindparam("now"))
_END = delete(RateLimitWindow).where(
    RateLimitWindow.key.in_(_OVER.with_for_update(skip_locked=True))  # not locked by others
)
# Tries to begin a window while other processes begin or end it.
MOST_TRIES = 5


class DatabaseStorage(Storage):
    """Storage of the limits library in a table; it stores digests of addresses."""

    STORAGE_SCHEME = [SCHEME]

    def __init__(self, uri: str | None = None, **options: Any) -> None:
        super().__init__(uri, **options)
        self._fallback = MemoryStorage()

    @property
    def base_exceptions(self) -> type[Exception]:
        """The base class of errors that the storage raises."""
        return SQLAlchemyError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count requests of a key in a window of `expiry` seconds, and return their number.

        While another process holds the write lock, this process counts in memory: no request waits.
        """
        for _ in range(MOST_TRIES):
            try:
                return self._count(key, expiry, amount)
            except IntegrityError:  # another process ends or begins the window concurrently
                continue
            except DBAPIError as error:
                if not is_locked(error):
                    raise
                break
        self._fallback.incr(key, expiry, amount)
        return self.get(key)

    def get(self, key: str) -> int:
        """Return the number of requests of a key in its window."""
        return int(self._read(key, RateLimitWindow.hits) or 0) + self._fallback.get(key)

    def get_expiry(self, key: str) -> float:
        """Return when the window of a key ends, in seconds since 1970."""
        ends_at = self._read(key, RateLimitWindow.ends_at)
        if not ends_at:
            return self._fallback.get_expiry(key)
        return ends_at

    def check(self) -> bool:
        """Return whether the database answers."""
        with db.engine.connect() as connection:
            return connection.scalar(text("SELECT 1")) == 1

    def reset(self) -> int | None:
        """Delete all counters."""
        self._fallback.reset()
        with _writing() as connection:
            return connection.execute(delete(RateLimitWindow)).rowcount

    def clear(self, key: str) -> None:
        """Delete the counter of a key."""
        self._fallback.clear(key)
        with _writing() as connection:
            connection.execute(delete(RateLimitWindow).where(RateLimitWindow.key == _digest(key)))

    @staticmethod
    def _count(key: str, expiry: float, amount: int) -> int:
        digest, now = _digest(key), time.time()
        with _writing() as connection:
            hits = connection.scalar(_RAISE, {"whose": digest, "now": now, "amount": amount})
            if hits is not None:
                return hits
            connection.execute(_END, {"now": now})
            connection.execute(
                insert(RateLimitWindow).values(key=digest, hits=amount, ends_at=now + expiry)
            )
        return amount

    @staticmethod
    def _read(key: str, column: InstrumentedAttribute[Any]) -> float | None:
        running = select(column).where(
            RateLimitWindow.key == _digest(key), RateLimitWindow.ends_at > time.time()
        )
        with db.engine.connect() as connection:
            return connection.scalar(running)


@contextmanager
def _writing() -> Iterator[Connection]:
    options = writing(db.engine, exclusive=False, durable=False, waits=False)
    with db.engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def _digest(key: str) -> bytes:
    return key_store().secrets.keyed_digest("address", key)

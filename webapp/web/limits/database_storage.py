"""Requests that addresses made, counted in the database: for all processes, kept over restarts."""

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
# Made once: every request of a program is counted.
_RAISE = (
    update(RateLimitWindow)
    .where(RateLimitWindow.key == bindparam("whose"), RateLimitWindow.ends_at > bindparam("now"))
    .values(hits=RateLimitWindow.hits + bindparam("amount"))
    .returning(RateLimitWindow.hits)
)
_OVER = select(RateLimitWindow.key).where(RateLimitWindow.ends_at <= bindparam("now"))
_END = delete(RateLimitWindow).where(
    RateLimitWindow.key.in_(_OVER.with_for_update(skip_locked=True))  # nobody's, just now
)


class DatabaseStorage(Storage):
    """What the library of limits asks for, on a table; of addresses it keeps digests."""

    STORAGE_SCHEME = [SCHEME]

    def __init__(self, uri: str | None = None, **options: Any) -> None:
        super().__init__(uri, **options)
        self._beside = MemoryStorage()

    @property
    def base_exceptions(self) -> type[Exception]:
        """What may be raised."""
        return SQLAlchemyError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count requests of a key, whose window lasts `expiry` seconds; how many there are.

        While another program writes, this process counts for itself: nobody waits for a count.
        """
        try:
            return self._count(key, expiry, amount)
        except IntegrityError:  # another process began the window at the same moment
            return self._count(key, expiry, amount)
        except DBAPIError as error:
            if not is_locked(error):
                raise
            self._beside.incr(key, expiry, amount)
            return self.get(key)

    def get(self, key: str) -> int:
        """How many requests of a key were counted in its window."""
        return int(self._read(key, RateLimitWindow.hits) or 0) + self._beside.get(key)

    def get_expiry(self, key: str) -> float:
        """Return when the window of a key ends, in seconds since 1970."""
        ends_at = self._read(key, RateLimitWindow.ends_at)
        if not ends_at:
            return self._beside.get_expiry(key)
        return ends_at

    def check(self) -> bool:
        """Whether the database answers."""
        with db.engine.connect() as connection:
            return connection.scalar(text("SELECT 1")) == 1

    def reset(self) -> int | None:
        """Forget all."""
        self._beside.reset()
        with _writing() as connection:
            return connection.execute(delete(RateLimitWindow)).rowcount

    def clear(self, key: str) -> None:
        """Forget a key."""
        self._beside.clear(key)
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

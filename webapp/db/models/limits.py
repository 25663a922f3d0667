"""Counters against guessing: consecutive failures, and rate limits by address."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db.models.columns import Model


class FailureCount(Model):
    """Consecutive failures against a claimed identifier or the name of an account.

    Attributes:
        digest: keyed digest of the target, so that unknown names are counted like known ones.
        against: for the counter of one network or browser, the digest of its target.
    """

    __tablename__ = "failure_count"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(index=True)
    against: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)


class RateLimitWindow(Model):
    """A rate limit window: the requests of an address under one limit.

    Attributes:
        key: digest of limit and address.
        ends_at: end of the window, in seconds since 1970.
    """

    __tablename__ = "address_window"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    hits: Mapped[int]
    ends_at: Mapped[float] = mapped_column(index=True)

"""What holds guessers back: failures in a row, and requests an address made."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from webapp.db.models.columns import Model


class FailureCount(Model):
    """Failures in a row against one thing: a claimed identifier, or the name of an account.

    `digest` is the thing's keyed digest, so that what nobody has is counted like anything else. A
    count of one network or browser names by `against` the digest of what it tried.
    """

    __tablename__ = "failure_count"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(index=True)
    against: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)


class RateLimitWindow(Model):
    """How many requests of one kind an address made until `ends_at`, in seconds since 1970.

    `key` names the limit and the address; only its digest is kept.
    """

    __tablename__ = "address_window"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    hits: Mapped[int]
    ends_at: Mapped[float] = mapped_column(index=True)

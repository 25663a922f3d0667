"""What other programs hold: keys to the API, and answers that are remembered for them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.clock import now
from webapp.db.models.columns import CreatedAt, Id, Model

KEY_NAME_LENGTH = 64
LIMIT_LENGTH = 64


class Scope(StrEnum):
    """What a key to the API opens; `ADMIN` opens everything."""

    VERIFY = "verify"
    ENROL = "enrol"
    READ = "read"
    ADMIN = "admin"


class ApiKey(Model):
    """One key to the API; of its secret only the digest is kept.

    `limit` says how many requests it may make, as in "120 per minute". At `replaced_at` another one
    has taken its place.
    """

    __tablename__ = "api_key"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(KEY_NAME_LENGTH))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    limit: Mapped[str] = mapped_column(String(LIMIT_LENGTH))
    created_at: Mapped[CreatedAt]
    created_by_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("account.id", ondelete="SET NULL")
    )
    expires_at: Mapped[datetime]
    replaced_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]

    @property
    def ends_at(self) -> datetime:
        """Until when it works, unless it is revoked."""
        return min(self.expires_at, self.replaced_at or self.expires_at)

    @property
    def works(self) -> bool:
        """Whether it still opens anything."""
        return self.revoked_at is None and self.ends_at > now()

    def may(self, scope: Scope) -> bool:
        """Whether the key opens what the scope stands for."""
        return not {scope, Scope.ADMIN}.isdisjoint(self.scopes)


class IdempotencyRecord(Model):
    """What a request with an idempotency key was answered, so that sending it again repeats it.

    `digest` names the API key and the idempotency key, `request_digest` the request itself. While
    `answer` is None the first request is at work. The answer is sealed, and goes with the person
    that it tells of.
    """

    __tablename__ = "remembered_answer"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    request_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    status: Mapped[int | None]
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    person_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[CreatedAt] = mapped_column(index=True)

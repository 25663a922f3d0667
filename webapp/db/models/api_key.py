"""API keys of other programs, and idempotency records of their requests."""

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
    """Permissions of an API key; `ADMIN` includes all of them."""

    VERIFY = "verify"
    ENROL = "enrol"
    READ = "read"
    ADMIN = "admin"


class ApiKey(Model):
    """An API key; only the digest of its secret is stored.

    Attributes:
        limit: its rate limit, such as "120 per minute".
        replaced_at: when a rotation replaces it; it works until then.
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
        """When it stops working, unless it is revoked earlier."""
        return min(self.expires_at, self.replaced_at or self.expires_at)

    @property
    def works(self) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and self.ends_at > now()

    def may(self, scope: Scope) -> bool:
        """Return whether the key has a scope."""
        return not {scope, Scope.ADMIN}.isdisjoint(self.scopes)


class IdempotencyRecord(Model):
    """The stored response to a request with an idempotency key, for repeated requests.

    Attributes:
        digest: keyed digest of API key and idempotency key.
        request_digest: keyed digest of the request.
        answer: the sealed response; None while the first request is in progress.
        person_id: the person in the response; deleting them deletes the record.
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

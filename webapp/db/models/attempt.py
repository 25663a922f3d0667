"""Attempts to verify or identify, with what judged them, and those without a usable picture."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.db.models.columns import CreatedAt, Id, Model
from webapp.db.models.person import Person


class Kind(StrEnum):
    """One claimed person, or everybody."""

    VERIFY = "verify"
    IDENTIFY = "identify"


class Attempt(Model):
    """One attempt that was decided; one without a usable picture is none.

    `person_id` is the person claimed or found. `claim_digest` is the keyed digest of the claimed
    identifier, which may be nobody's. `similarity` is that of the person, or of the nearest one;
    `by_rule` that of the person claimed by every matching rule, `runner_up` that of the second
    nearest in a search. `account_id` or `api_key_id` asked. `number` is its place in the feed: it
    is given when the feed is read, in the order in which attempts came to stand in the database.
    """

    __tablename__ = "attempt"
    __table_args__ = (
        Index(None, "created_at", "id", "person_id"),
        Index(None, "person_id", "created_at", "id"),
        Index(None, "match", "created_at", "id", "person_id"),
        Index(None, "kind", "created_at", "id", "person_id"),
    )

    id: Mapped[Id]
    created_at: Mapped[CreatedAt]
    kind: Mapped[Kind] = mapped_column(String(16))
    match: Mapped[bool]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    claim_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    api_key_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_key.id", ondelete="SET NULL"))
    number: Mapped[int | None] = mapped_column(unique=True)
    model_id: Mapped[str] = mapped_column(String(64))
    rule: Mapped[str] = mapped_column(String(32))
    threshold: Mapped[float]
    similarity: Mapped[float]
    by_rule: Mapped[dict[str, float] | None] = mapped_column(JSON)
    runner_up: Mapped[float | None]
    anchors_compared: Mapped[int]
    milliseconds: Mapped[float]
    reasons: Mapped[list[str]] = mapped_column(JSON, default=list)

    person: Mapped[Person | None] = relationship()


class Refusal(Model):
    """One try whose pictures could not be used, counted by the reason; who tried is not kept."""

    __tablename__ = "refusal"

    id: Mapped[Id]
    created_at: Mapped[CreatedAt] = mapped_column(index=True)
    kind: Mapped[Kind] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(String(32))

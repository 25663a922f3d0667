"""Attempts to verify or identify, and tries that were refused for unusable photos."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.db.models.columns import CreatedAt, Id, Model
from webapp.db.models.person import Person


class Kind(StrEnum):
    """Verification against one claimed person (1:1), or identification in the gallery (1:N)."""

    VERIFY = "verify"
    IDENTIFY = "identify"


class Attempt(Model):
    """A decided attempt; a try without a usable photo is a `Refusal`.

    Attributes:
        person_id: the person claimed or found.
        claim_digest: keyed digest of the claimed identifier, which may belong to no person.
        similarity: of the claimed person, or of the nearest one.
        normaliser: digest of the score normaliser by which the similarities are meant.
        by_rule: similarity of the claimed person by each matching rule.
        runner_up: similarity of the second nearest person of an identification.
        account_id, api_key_id: the actor.
        number: position in the feed, assigned when the feed is read, in the order of commits.
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
    normaliser: Mapped[str] = mapped_column(String(16), server_default="")
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
    """A try with unusable photos, recorded with its reason and without the actor."""

    __tablename__ = "refusal"

    id: Mapped[Id]
    created_at: Mapped[CreatedAt] = mapped_column(index=True)
    kind: Mapped[Kind] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(String(32))

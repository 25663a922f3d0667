"""Attempts to verify or identify, with what judged them."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.models.columns import CreatedAt, Id, Model
from webapp.models.person import Person


class Kind(StrEnum):
    """One claimed person, or everybody."""

    VERIFY = "verify"
    IDENTIFY = "identify"


class Attempt(Model):
    """One attempt that was decided; one without a usable picture is none.

    `person_id` is the person claimed or found. `claim_digest` is the keyed digest of the claimed
    identifier, which may be nobody's. `similarity` is that of the person, or of the nearest one.
    """

    __tablename__ = "attempt"

    id: Mapped[Id]
    created_at: Mapped[CreatedAt] = mapped_column(index=True)
    kind: Mapped[Kind] = mapped_column(String(16))
    match: Mapped[bool]
    person_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("person.id", ondelete="SET NULL"), index=True
    )
    claim_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    model_id: Mapped[str] = mapped_column(String(64))
    rule: Mapped[str] = mapped_column(String(32))
    threshold: Mapped[float]
    similarity: Mapped[float]
    anchors_compared: Mapped[int]
    milliseconds: Mapped[float]
    reasons: Mapped[list[str]] = mapped_column(JSON, default=list)

    person: Mapped[Person | None] = relationship()

"""Liveness checks: their settings, open challenges and results."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.db.models.account import Account
from webapp.db.models.attempt import Attempt
from webapp.db.models.changes import AuditedChange
from webapp.db.models.columns import CreatedAt, Id, Model
from webapp.db.models.person import Person

LABEL_LENGTH = 16


class ChallengeScope(StrEnum):
    """Operations that require a challenge; `ENROLMENT` includes verification."""

    NOTHING = "nothing"
    VERIFICATION = "verification"
    ENROLMENT = "enrolment"


class LivenessChange(AuditedChange, Model):
    """A change of the liveness settings: scope, strictness and allowed movements."""

    __tablename__ = "liveness_change"

    guarded: Mapped[ChallengeScope] = mapped_column(String(16))
    strength: Mapped[str] = mapped_column(String(16))
    allowed: Mapped[list[str]] = mapped_column(JSON)
    light: Mapped[bool]
    previous_guarded: Mapped[ChallengeScope] = mapped_column(String(16))
    previous_strength: Mapped[str] = mapped_column(String(16))
    previous_allowed: Mapped[list[str]] = mapped_column(JSON)
    previous_light: Mapped[bool]


class Purpose(StrEnum):
    """The operation for which a challenge was started."""

    VERIFY = "verify"
    ENROL = "enrol"


class Challenge(Model):
    """An open challenge, or one that was passed and waits for an enrolment; then it is deleted.

    Attributes:
        claim_digest: keyed digest of the claimed identifier.
        holder_digest: keyed digest of the session or API key that started it.
        network_digest: keyed digest of the failure counter of the network that started it.
        frames: number of the last frame.
        drawn: the sealed steps, and the claimed person.
        face: the sealed embedding that passed.
    """

    __tablename__ = "challenge"

    id: Mapped[Id]
    purpose: Mapped[Purpose] = mapped_column(String(16))
    claim_digest: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    holder_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    network_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    model_id: Mapped[str] = mapped_column(String(64))
    drawn: Mapped[bytes] = mapped_column(LargeBinary)
    frames: Mapped[int] = mapped_column(default=0)
    face: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ChallengeFrame(Model):
    """The sealed observation of one frame; frames without a face have no row."""

    __tablename__ = "challenge_frame"

    challenge_id: Mapped[UUID] = mapped_column(
        ForeignKey("challenge.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    observation: Mapped[bytes] = mapped_column(LargeBinary)


class Outcome(StrEnum):
    """Outcome of a challenge; a waived challenge was never started."""

    PASSED = "passed"
    FAILED = "failed"
    WAIVED = "waived"


class ChallengeResult(Model):
    """The outcome of a challenge and its reasons.

    Attributes:
        label: what was in front of the camera, where an operator recorded it.
        steps: the prompted movements.
        cues: the measured values, by name.
        seconds: duration.
    """

    __tablename__ = "challenge_result"
    __table_args__ = (Index(None, "created_at", "id"),)

    id: Mapped[Id]
    created_at: Mapped[CreatedAt]
    purpose: Mapped[Purpose] = mapped_column(String(16))
    outcome: Mapped[Outcome] = mapped_column(String(16))
    person_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("person.id", ondelete="SET NULL"), index=True
    )
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    attempt_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("attempt.id", ondelete="SET NULL"), index=True
    )
    strength: Mapped[str] = mapped_column(String(16))
    steps: Mapped[list[str]] = mapped_column(JSON)
    reasons: Mapped[list[str]] = mapped_column(JSON)
    cues: Mapped[dict[str, float]] = mapped_column(JSON)
    frames: Mapped[int]
    seconds: Mapped[float]
    label: Mapped[str | None] = mapped_column(String(LABEL_LENGTH))

    person: Mapped[Person | None] = relationship()
    account: Mapped[Account | None] = relationship()
    attempt: Mapped[Attempt | None] = relationship()

"""Whether somebody is really there: what is asked for, challenges at work, and how they ended."""

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
    """What a challenge stands before; `ENROLMENT` means verification, too."""

    NOTHING = "nothing"
    VERIFICATION = "verification"
    ENROLMENT = "enrolment"


class LivenessChange(AuditedChange, Model):
    """What challenges stand before, how strict they are and what they ask for."""

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
    """What a challenge was begun for."""

    VERIFY = "verify"
    ENROL = "enrol"


class Challenge(Model):
    """One challenge that runs, or that was passed and waits for an enrolment; then it is gone.

    `claim_digest` and `holder_digest` are keyed digests of the claimed identifier and of the
    session or key in which it was begun, `network_digest` that of the failures of the network that
    began it. `frames` is the number of the last frame. `drawn` is what
    is asked for and of whom, `face` the embedding that passed, both sealed.
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
    """What was seen in one frame of a challenge, sealed; frames without a face leave no row."""

    __tablename__ = "challenge_frame"

    challenge_id: Mapped[UUID] = mapped_column(
        ForeignKey("challenge.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    observation: Mapped[bytes] = mapped_column(LargeBinary)


class Outcome(StrEnum):
    """How a challenge ended; one that was waived was never begun."""

    PASSED = "passed"
    FAILED = "failed"
    WAIVED = "waived"


class ChallengeResult(Model):
    """How a challenge ended and why; `label` is what stood before the camera, where it is known.

    `steps` are the movements asked for, `cues` what was measured, `seconds` the time from its
    begin to its end.
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

"""Results of challenges: record, list, read, label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from webapp.core.actor import Actor
from webapp.db.engine import db
from webapp.db.models import ChallengeResult, Outcome, Purpose
from webapp.db.pagination import Page, paged
from webapp.db.transactions import unit_of_work
from webapp.errors.liveness import ChallengeUnknown, LabelUnknown
from webapp.services import audit

# Labels of what was presented to the camera: a person, or one of the attacks.
GENUINE = "genuine"
ATTACKS = ("printed", "screen", "film", "other")
LABELS = (GENUINE, *ATTACKS)
# Reasons for which an operator may skip a challenge.
WAIVERS = ("cannot_move", "cannot_follow", "camera_fails", "other")
NEWEST_FIRST = (ChallengeResult.created_at.desc(), ChallengeResult.id.desc())


@dataclass(frozen=True)
class Result:
    """Result of a challenge.

    Attributes:
        steps: the movements, in order.
        reasons: codes of why it failed, or of why it was waived.
        cues: measured values by name.
        frames: number of frames processed.
        seconds: duration from start to end.
    """

    purpose: Purpose
    outcome: Outcome
    strength: str
    steps: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    cues: Mapping[str, float] = field(default_factory=dict)
    frames: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class ResultRow:
    """A result as operators see it.

    `claim` is the claimed person's identifier; None for nobody. `match` is the result of the
    following verification; None without one. `who` is the account; None for anybody not signed in.
    """

    id: UUID
    created_at: datetime
    result: Result
    claim: str | None
    match: bool | None
    who: str | None
    label: str | None


def record(
    session: Session,
    result: Result,
    person: UUID | None,
    actor: Actor,
    attempt: UUID | None = None,
) -> None:
    """Add a result to the running transaction."""
    session.add(
        ChallengeResult(
            purpose=result.purpose,
            outcome=result.outcome,
            person_id=person,
            account_id=actor.account,
            attempt_id=attempt,
            strength=result.strength,
            steps=list(result.steps),
            reasons=list(result.reasons),
            cues=dict(result.cues),
            frames=result.frames,
            seconds=result.seconds,
        )
    )


def list_results(page: int) -> Page[ResultRow]:
    """Return a page of results, newest first."""
    found = paged(select(ChallengeResult.id).order_by(*NEWEST_FIRST), page)
    shown = (
        select(ChallengeResult)
        .where(ChallengeResult.id.in_(found.items))
        .order_by(*NEWEST_FIRST)
        .options(
            selectinload(ChallengeResult.person),
            selectinload(ChallengeResult.attempt),
            selectinload(ChallengeResult.account),
        )
    )
    return replace(found, items=tuple(map(_row, db.session.scalars(shown))))


def find(result_id: UUID) -> ResultRow:
    """Return one result.

    Raises:
        ChallengeUnknown: if there is no such result.
    """
    row = db.session.get(ChallengeResult, result_id)
    if row is None:
        raise ChallengeUnknown
    return _row(row)


def label(result_id: UUID, label: str | None, actor: Actor) -> None:
    """Set the label of what was presented to the camera; None if nobody knows.

    Raises:
        ChallengeUnknown: if there is no such result.
        LabelUnknown: if there is no such label.
    """
    if label is not None and label not in LABELS:
        raise LabelUnknown
    with unit_of_work() as session:
        row = session.get(ChallengeResult, result_id)
        if row is None:
            raise ChallengeUnknown
        row.label = label
        audit.record(session, "challenge_labelled", actor, challenge=result_id, label=label)


def _row(row: ChallengeResult) -> ResultRow:
    return ResultRow(
        id=row.id,
        created_at=row.created_at,
        result=Result(
            purpose=Purpose(row.purpose),
            outcome=Outcome(row.outcome),
            strength=row.strength,
            steps=tuple(row.steps),
            reasons=tuple(row.reasons),
            cues=row.cues,
            frames=row.frames,
            seconds=row.seconds,
        ),
        claim=row.person.identifier if row.person else None,
        match=row.attempt.match if row.attempt else None,
        who=row.account.username if row.account else None,
        label=row.label,
    )

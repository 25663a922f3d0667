"""Attempts: recorded with what judged them, and listed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from webapp.models import Attempt, Kind
from webapp.recognition import recognition
from webapp.services.decisions import Decision
from webapp.services.paging import Page, paged


@dataclass(frozen=True)
class AttemptRow:
    """An attempt as the list shows it. The claim is the person's identifier, None for nobody's."""

    created_at: datetime
    kind: Kind
    claim: str | None
    match: bool
    score: float | None
    threshold_score: float | None
    milliseconds: float


def record(
    session: Session,
    kind: Kind,
    decision: Decision,
    asked_by: UUID | None,
    claim_digest: bytes | None = None,
) -> None:
    """Add the attempt to the running transaction."""
    session.add(
        Attempt(
            kind=kind,
            match=decision.match,
            person_id=decision.person.id if decision.person else None,
            claim_digest=claim_digest,
            account_id=asked_by,
            model_id=recognition().engine.model_id,
            rule=decision.threshold.rule,
            threshold=decision.threshold.similarity,
            similarity=decision.similarity,
            by_rule=dict(decision.by_rule) or None,
            runner_up=decision.runner_up,
            anchors_compared=decision.compared,
            milliseconds=decision.milliseconds,
            reasons=list(decision.reasons),
        )
    )


def list_attempts(page: int) -> Page[AttemptRow]:
    """A page of the attempts, newest first."""
    newest_first = select(Attempt).order_by(Attempt.created_at.desc(), Attempt.id)
    found = paged(newest_first.options(selectinload(Attempt.person)), page)
    return replace(found, items=tuple(_row(attempt) for attempt in found.items))


def _row(attempt: Attempt) -> AttemptRow:
    """Scores by the model that judged the attempt: another's would mean something else."""
    calibration = recognition().calibration_of(attempt.model_id)
    return AttemptRow(
        created_at=attempt.created_at,
        kind=attempt.kind,
        claim=attempt.person.identifier if attempt.person else None,
        match=attempt.match,
        score=calibration.score(attempt.similarity) if calibration else None,
        threshold_score=calibration.score(attempt.threshold) if calibration else None,
        milliseconds=attempt.milliseconds,
    )

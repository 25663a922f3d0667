"""The threshold: which is in force, how it changed, and changing it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from webapp.database import unit_of_work
from webapp.errors import ThresholdChangedMeanwhile, ThresholdOutOfRange
from webapp.extensions import db
from webapp.logs import record_event
from webapp.models import ThresholdChange
from webapp.recognition import recognition

LOWEST_SCORE, HIGHEST_SCORE = 0.0, 100.0
HISTORY_LENGTH = 50
NO_CHANGE = 0


@dataclass(frozen=True)
class Threshold:
    """From which similarity on, by which rule, a probe matches; people see the score."""

    similarity: float
    score: float
    rule: str


@dataclass(frozen=True)
class Change:
    """One change of the threshold, as scores; `number` rises with every change."""

    number: int
    score: float
    previous_score: float
    reason: str
    created_at: datetime
    username: str | None


def in_force() -> Threshold:
    """The newest threshold of the model that serves; without any, the artifact's default."""
    calibration = recognition().engine.calibration
    newest = db.session.scalar(_changes().limit(1))
    if newest is None:
        similarity, rule = calibration.default_threshold, calibration.default_rule
    else:
        similarity, rule = newest.similarity, newest.rule
    return Threshold(similarity, calibration.score(similarity), rule)


def change(score: float, reason: str, changed_by: UUID, based_on: int | None = None) -> None:
    """Set the threshold of the model that serves.

    Args:
        score: 0 to 100.
        reason: why.
        changed_by: the account.
        based_on: the number of the change that must still be in force, `NO_CHANGE` for the
            default; None sets the threshold whatever is in force.

    Raises:
        ThresholdChangedMeanwhile: if another change is in force.
        ThresholdOutOfRange: if the score is not a number from 0 to 100.
    """
    if not (math.isfinite(score) and LOWEST_SCORE <= score <= HIGHEST_SCORE):
        raise ThresholdOutOfRange
    engine = recognition().engine
    with unit_of_work() as session:
        if based_on is not None and based_on != newest_number():
            raise ThresholdChangedMeanwhile
        before = in_force()
        session.add(
            ThresholdChange(
                number=(session.scalar(select(func.max(ThresholdChange.number))) or 0) + 1,
                model_id=engine.model_id,
                rule=before.rule,
                similarity=engine.calibration.similarity(score),
                previous_similarity=before.similarity,
                reason=reason,
                created_by_id=changed_by,
            )
        )
    record_event("threshold_changed", account=changed_by, score=score)


def newest_number() -> int:
    """The number of the change in force, `NO_CHANGE` while there is none."""
    newest = db.session.scalar(_changes().limit(1))
    return newest.number if newest else NO_CHANGE


def history() -> tuple[Change, ...]:
    """The last changes for the model that serves, newest first."""
    to_score = recognition().engine.calibration.score
    return tuple(
        Change(
            number=row.number,
            score=to_score(row.similarity),
            previous_score=to_score(row.previous_similarity),
            reason=row.reason,
            created_at=row.created_at,
            username=row.created_by.username if row.created_by else None,
        )
        for row in db.session.scalars(_changes().limit(HISTORY_LENGTH))
    )


def _changes() -> Select[Any]:
    return (
        select(ThresholdChange)
        .where(ThresholdChange.model_id == recognition().engine.model_id)
        .order_by(ThresholdChange.number.desc())
    )

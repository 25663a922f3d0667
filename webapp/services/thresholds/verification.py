"""Everybody's threshold: which is in force, how it changed, and changing it.

A threshold is a similarity by a matching rule of a model: another model or another rule has one of
its own, never the same number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select

from ml import Calibration
from webapp.db.change_history import check_still_in_force, next_number, number_of
from webapp.db.engine import db
from webapp.db.models import ThresholdChange
from webapp.db.transactions import unit_of_work
from webapp.errors.thresholds import RuleNotMeasured, ThresholdOutOfRange
from webapp.inference.active_model import active_model
from webapp.services import audit
from webapp.services.thresholds import dangers

LOWEST_SCORE, HIGHEST_SCORE = 0.0, 100.0
HISTORY_LENGTH = 50
# Made once: what is in force is read with every verification.
_CHANGES = (
    select(ThresholdChange)
    .where(ThresholdChange.model_id == bindparam("model_id"))
    .order_by(ThresholdChange.number.desc())
)
_NEWEST = _CHANGES.limit(1)
_IN_FORCE = _NEWEST.with_only_columns(ThresholdChange.similarity, ThresholdChange.rule)


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
    rule: str
    previous_score: float
    previous_rule: str
    reason: str
    created_at: datetime
    username: str | None


def in_force() -> Threshold:
    """The threshold of the model that serves."""
    return in_force_of(active_model().engine.calibration)


def in_force_of(calibration: Calibration) -> Threshold:
    """The newest threshold of a calibration's model; without any, the calibrated default."""
    of_model = {"model_id": calibration.model_id}
    newest = db.session.connection().execute(_IN_FORCE, of_model).one_or_none()
    similarity, rule = newest or (calibration.default_threshold, calibration.default_rule)
    return Threshold(similarity, calibration.score(similarity), rule)


def rules() -> tuple[str, ...]:
    """The matching rules that were measured for the model that serves."""
    return tuple(active_model().engine.calibration.curves)


def change(
    score: float,
    reason: str,
    changed_by: UUID | None,
    based_on: int | None = None,
    rule: str | None = None,
    *,
    confirmed: bool = False,
) -> None:
    """Set the threshold of the model that serves.

    Args:
        score: 0 to 100, by the rule.
        reason: why.
        changed_by: the account.
        based_on: the number of the change that must still be in force, `NO_CHANGE` for the
            default; None sets the threshold whatever is in force.
        rule: the matching rule from now on; None keeps the one in force.
        confirmed: whether its dangers were confirmed.

    Raises:
        ConfirmationNeeded: if the threshold is dangerous and not confirmed.
        ThresholdChangedMeanwhile: if another change is in force.
        ThresholdOutOfRange: if the score is not a number from 0 to 100.
        RuleNotMeasured: if the calibration does not know the rule.
    """
    if not (math.isfinite(score) and LOWEST_SCORE <= score <= HIGHEST_SCORE):
        raise ThresholdOutOfRange
    if rule is not None and rule not in rules():
        raise RuleNotMeasured
    calibration = active_model().engine.calibration
    similarity = calibration.similarity(score)
    anchors = active_model().gallery.refresh().typical_anchors
    with unit_of_work() as session:
        check_still_in_force(_newest(calibration.model_id), based_on)
        before = in_force()
        found = dangers.of_threshold(calibration, similarity, rule or before.rule, anchors)
        dangers.check(found, confirmed=confirmed)
        session.add(
            ThresholdChange(
                number=next_number(session, ThresholdChange),
                model_id=calibration.model_id,
                rule=rule or before.rule,
                similarity=similarity,
                previous_rule=before.rule,
                previous_similarity=before.similarity,
                reason=reason,
                created_by_id=changed_by,
            )
        )
        audit.record(
            session,
            "threshold_changed",
            changed_by,
            score=score,
            rule=rule or before.rule,
            **dangers.overridden(found),
        )


def check_based_on(number: int | None) -> None:
    """Check that a change is the one in force, as `change` does.

    Raises:
        ThresholdChangedMeanwhile: if another one is.
    """
    check_still_in_force(_newest(active_model().engine.model_id), number)


def newest_number() -> int:
    """The number of the change in force, `NO_CHANGE` while there is none."""
    return number_of(_newest(active_model().engine.model_id))


def history() -> tuple[Change, ...]:
    """The last changes for the model that serves, newest first."""
    calibration = active_model().engine.calibration
    of_model = {"model_id": calibration.model_id}
    return tuple(
        Change(
            number=row.number,
            score=calibration.score(row.similarity),
            rule=row.rule,
            previous_score=calibration.score(row.previous_similarity),
            previous_rule=row.previous_rule,
            reason=row.reason,
            created_at=row.created_at,
            username=row.created_by.username if row.created_by else None,
        )
        for row in db.session.scalars(_CHANGES.limit(HISTORY_LENGTH), of_model)
    )


def _newest(model_id: str) -> ThresholdChange | None:
    return db.session.scalar(_NEWEST, {"model_id": model_id})

"""The common verification threshold: in force, history, change.

A threshold is a similarity by a matching rule and a normaliser of a model. Another model or rule
has a threshold of its own; the number is never reused. A model that gets another normaliser, or
loses a rule, keeps the FMR of its threshold (`carry_over`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from ml import Calibration
from webapp.core.actor import SERVER, Actor
from webapp.db.change_history import Change, ChangeHistory
from webapp.db.engine import db
from webapp.db.models import ThresholdChange
from webapp.db.transactions import unit_of_work
from webapp.errors.thresholds import RuleNotMeasured, ThresholdOutOfRange
from webapp.inference.active_model import active_model
from webapp.services import audit
from webapp.services.thresholds import dangers

LOWEST_SCORE, HIGHEST_SCORE = 0.0, 100.0
# Prepared once: every verification reads the threshold in force.
_IN_FORCE = (
    select(
        ThresholdChange.similarity,
        ThresholdChange.normaliser,
        ThresholdChange.rule,
        ThresholdChange.carried_over,
    )
    .where(ThresholdChange.model_id == bindparam("model_id"))
    .order_by(ThresholdChange.number.desc())
    .limit(1)
)


@dataclass(frozen=True)
class Threshold:
    """The lowest similarity that matches by a rule, and its score for people.

    `carried_over` is whether nobody has confirmed it since the model got another normaliser.
    """

    similarity: float
    score: float
    rule: str
    carried_over: bool = False


def _history(calibration: Calibration) -> ChangeHistory[ThresholdChange, Threshold]:
    def threshold(similarity: float, row: ThresholdChange, rule: str) -> Threshold:
        carried = calibration.carried_over(similarity, row.normaliser)
        return Threshold(carried, calibration.score(carried), rule, row.carried_over)

    return ChangeHistory(
        ThresholdChange,
        value=lambda row: threshold(row.similarity, row, row.rule),
        previous=lambda row: threshold(row.previous_similarity, row, row.previous_rule),
        subject=ThresholdChange.model_id,
    )


def in_force() -> Threshold:
    """Return the threshold of the active model."""
    return in_force_of(active_model().engine.calibration)


def in_force_of(calibration: Calibration) -> Threshold:
    """Return the newest threshold of a calibration's model; without one, the calibrated default."""
    of_model = {"model_id": calibration.model_id}
    newest = db.session.connection().execute(_IN_FORCE, of_model).one_or_none()
    if newest is None:
        similarity, rule, carried_over = (
            calibration.default_threshold,
            calibration.default_rule,
            False,
        )
    else:
        similarity, normaliser, rule, carried_over = newest
        similarity = calibration.carried_over(similarity, normaliser)
        rule = rule if rule in calibration.curves else calibration.default_rule
    return Threshold(similarity, calibration.score(similarity), rule, carried_over)


def carry_over() -> None:
    """Record that the thresholds of models with another normaliser, or without their rule, changed.

    The FMR of a threshold stays the same. Safe to repeat.
    """
    models = db.session.scalars(select(ThresholdChange.model_id).distinct()).all()
    for calibration in filter(None, map(active_model().calibration_of, models)):
        with unit_of_work() as session:
            changes = _history(calibration)
            newest, now = changes.newest(calibration.model_id), in_force_of(calibration)
            digest = calibration.normaliser.digest
            if newest is None or (newest.normaliser, newest.rule) == (digest, now.rule):
                continue
            changes.add(
                session,
                "",
                SERVER,
                model_id=calibration.model_id,
                rule=now.rule,
                similarity=now.similarity,
                normaliser=digest,
                previous_rule=newest.rule,
                previous_similarity=now.similarity,
                carried_over=True,
            )
            audit.record(session, "threshold_carried_over", SERVER, score=now.score, rule=now.rule)


def rules() -> tuple[str, ...]:
    """Return the matching rules measured for the active model."""
    return tuple(active_model().engine.calibration.curves)


def change(
    score: float,
    reason: str,
    actor: Actor,
    based_on: int | None = None,
    rule: str | None = None,
    *,
    confirmed: bool = False,
) -> None:
    """Change the threshold of the active model.

    Args:
        score: 0 to 100, by the rule.
        reason: the reason, for the history.
        actor: recorded in the history.
        based_on: number of the change that must still be in force, `NO_CHANGE` for the default;
            None skips this check.
        rule: the new matching rule; None keeps the one in force.
        confirmed: whether the actor confirmed the dangers.

    Raises:
        ConfirmationNeeded: if the threshold is dangerous and not confirmed.
        SettingConflict: if the change in force is not `based_on`.
        ThresholdOutOfRange: if the score is not a number from 0 to 100.
        RuleNotMeasured: if the calibration does not contain the rule.
    """
    _check(score, rule)
    calibration = active_model().engine.calibration
    similarity = calibration.similarity(score)
    anchors = active_model().gallery.refresh().typical_anchors
    with unit_of_work() as session:
        changes, before = _history(calibration), in_force()
        changes.check_newest(based_on, calibration.model_id)
        rule = rule or before.rule
        found = dangers.of_threshold(calibration, similarity, rule, anchors)
        dangers.check(found, confirmed=confirmed)
        changes.add(
            session,
            reason,
            actor,
            model_id=calibration.model_id,
            rule=rule,
            similarity=similarity,
            normaliser=calibration.normaliser.digest,
            previous_rule=before.rule,
            previous_similarity=before.similarity,
        )
        details = {"score": score, "rule": rule, **dangers.overridden(found)}
        audit.record(session, "threshold_changed", actor, **details)


def _check(score: float, rule: str | None) -> None:
    if not (math.isfinite(score) and LOWEST_SCORE <= score <= HIGHEST_SCORE):
        raise ThresholdOutOfRange
    if rule is not None and rule not in rules():
        raise RuleNotMeasured


def check_based_on(number: int | None) -> None:
    """Check that a change is the one in force, as `change` does.

    Raises:
        SettingConflict: if it is not.
    """
    calibration = active_model().engine.calibration
    _history(calibration).check_newest(number, calibration.model_id)


def newest_number() -> int:
    """Return the number of the change in force; `NO_CHANGE` if there is none."""
    calibration = active_model().engine.calibration
    return _history(calibration).number(calibration.model_id)


def history() -> tuple[Change[Threshold], ...]:
    """Return the last changes for the active model, newest first."""
    calibration = active_model().engine.calibration
    return _history(calibration).entries(calibration.model_id)

"""A person's own threshold, in score points above or below the common one.

Points keep their meaning when the common threshold, the matching rule or the model changes.
LARGEST_FAR limits how far a threshold may be lowered; an identification never lowers it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, select

from webapp.core.actor import Actor
from webapp.db.change_history import Change, ChangeHistory
from webapp.db.engine import db
from webapp.db.models import PersonThresholdChange
from webapp.db.transactions import unit_of_work
from webapp.errors.thresholds import Danger, PersonThresholdTooLow, PointsOutOfRange
from webapp.inference.active_model import active_model
from webapp.services import audit
from webapp.services.people.people import find_person
from webapp.services.thresholds import dangers, verification
from webapp.services.thresholds.error_rates import GOALS
from webapp.services.thresholds.verification import HIGHEST_SCORE, Threshold

# Maximum difference from the common threshold, in score points.
MOST_POINTS = 50.0
# Largest share of impostors accepted as one person; no goal allows more.
LARGEST_FAR = GOALS["convenient"]
# Prepared once: every verification reads the points in force.
_POINTS = (
    select(PersonThresholdChange.points)
    .where(PersonThresholdChange.person_id == bindparam("person_id"))
    .order_by(PersonThresholdChange.number.desc())
    .limit(1)
)
_HISTORY = ChangeHistory(
    PersonThresholdChange,
    value=lambda row: row.points,
    previous=lambda row: row.previous_points,
    subject=PersonThresholdChange.person_id,
)


@dataclass(frozen=True)
class PersonThreshold:
    """A person's threshold and its origin.

    Attributes:
        threshold: threshold in force for the person in verifications (1:1).
        everybody: the common threshold.
        lowest: lowest score that the person's threshold may have.
        points: difference from the common threshold, in score points; 0 for none.
        anchors: number of enabled anchors.
        number: number of the change in force.
    """

    threshold: Threshold
    everybody: Threshold
    lowest: float
    points: float
    anchors: int
    number: int


def of_person(person_id: UUID) -> PersonThreshold:
    """Return the threshold of a person and its origin.

    Raises:
        UnknownPerson: if there is no such person.
    """
    find_person(person_id)
    everybody, number = verification.in_force(), _HISTORY.number(person_id)
    points, anchors = points_of(person_id), _count_anchors(person_id)
    return PersonThreshold(
        threshold=apart(everybody, points, anchors),
        everybody=everybody,
        lowest=lowest_score(everybody, anchors),
        points=points,
        anchors=anchors,
        number=number,
    )


def points_of(person_id: UUID | None) -> float:
    """Return the points of a person; 0 for an unknown person, in the same time."""
    return db.session.connection().scalar(_POINTS, {"person_id": person_id}) or 0.0


def all_points() -> dict[UUID | None, float]:
    """Return the newest points of everybody who ever had any, by person id."""
    rows = db.session.scalars(select(PersonThresholdChange).order_by(PersonThresholdChange.number))
    return {row.person_id: row.points for row in rows}


def apart(everybody: Threshold, points: float, anchors: int) -> Threshold:
    """Return the threshold `points` above the common one, within the bounds for `anchors`."""
    if not points:
        return everybody
    score = max(everybody.score + points, lowest_score(everybody, anchors))
    return _at(min(score, HIGHEST_SCORE), everybody.rule)


def stricter(threshold: Threshold, points: float) -> Threshold:
    """Return a person's threshold in an identification, where negative points do not count."""
    if points <= 0:
        return threshold
    return _at(min(threshold.score + points, HIGHEST_SCORE), threshold.rule)


def lowest_score(everybody: Threshold, anchors: int) -> float:
    """Return the lowest score that keeps LARGEST_FAR; at most the common threshold's."""
    calibration = active_model().engine.calibration
    similarity = calibration.threshold_at_far(
        LARGEST_FAR, anchors=max(anchors, 1), rule=everybody.rule
    )
    return min(calibration.score(similarity), everybody.score)


def change(
    person_id: UUID,
    points: float,
    reason: str,
    actor: Actor,
    based_on: int | None = None,
    *,
    confirmed: bool = False,
) -> None:
    """Set a person's threshold apart from the common one; 0 points undo that.

    Raises:
        ConfirmationNeeded: if the threshold is dangerous and not confirmed.
        UnknownPerson: if there is no such person.
        PointsOutOfRange: if the points are not a number within MOST_POINTS.
        PersonThresholdTooLow: if the FAR would exceed LARGEST_FAR.
        SettingConflict: if the change in force for the person is not `based_on`.
    """
    with unit_of_work() as session:
        check(person_id, points, based_on)
        found = dangers_of(of_person(person_id), points)
        dangers.check(found, confirmed=confirmed)
        before = points_of(person_id)
        _HISTORY.add(
            session,
            reason,
            actor,
            person_id=person_id,
            points=points,
            previous_points=before,
        )
        audit.record(
            session,
            "person_threshold_changed",
            actor,
            person=person_id,
            points=points,
            **dangers.overridden(found),
        )


def dangers_of(own: PersonThreshold, points: float) -> tuple[Danger, ...]:
    """Return the dangers of a person's threshold `points` above the common one."""
    threshold = apart(own.everybody, points, own.anchors)
    calibration = active_model().engine.calibration
    return dangers.of_threshold(calibration, threshold.similarity, threshold.rule, own.anchors)


def check(person_id: UUID, points: float, based_on: int | None = None) -> None:
    """Check that a change is possible; raises like `change`."""
    if not (math.isfinite(points) and abs(points) <= MOST_POINTS):
        raise PointsOutOfRange(MOST_POINTS)
    own = of_person(person_id)
    _HISTORY.check_newest(based_on, person_id)
    if points < 0 and own.everybody.score + points < own.lowest:
        lowest = math.ceil((own.lowest - own.everybody.score) * 10) / 10
        raise PersonThresholdTooLow(lowest)


def history(person_id: UUID) -> tuple[Change[float], ...]:
    """Return the last changes of a person's points, newest first."""
    return _HISTORY.entries(person_id)


def _at(score: float, rule: str) -> Threshold:
    return Threshold(active_model().engine.calibration.similarity(score), score, rule)


def _count_anchors(person_id: UUID) -> int:
    return len(active_model().gallery.anchors_of(person_id).anchor_ids)

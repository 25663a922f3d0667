"""A person's own threshold, in score points above the common one.

Points keep their meaning when the common threshold, the matching rule or the model changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, select

from webapp.core.actor import Actor
from webapp.db.change_history import Change, ChangeHistory
from webapp.db.engine import db
from webapp.db.models import PersonThresholdChange
from webapp.db.transactions import unit_of_work
from webapp.errors.thresholds import Danger, PointsOutOfRange
from webapp.inference.active_model import active_model
from webapp.services import audit
from webapp.services.people.people import find_person
from webapp.services.thresholds import dangers, verification
from webapp.services.thresholds.verification import HIGHEST_SCORE, Threshold

# In score points.
MOST_POINTS = 50.0
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
        points: score points above the common threshold, 0 to MOST_POINTS.
        anchors: number of enabled anchors.
        number: number of the change in force.
    """

    threshold: Threshold
    everybody: Threshold
    points: float
    anchors: int
    number: int

    @property
    def lowest(self) -> float:
        """The lowest score that the threshold may have."""
        return self.everybody.score


def of_person(person_id: UUID) -> PersonThreshold:
    """Return the threshold of a person and its origin.

    Raises:
        UnknownPerson: if there is no such person.
    """
    find_person(person_id)
    everybody, number = verification.in_force(), _HISTORY.number(person_id)
    points = max(points_of(person_id), 0.0)
    return PersonThreshold(
        threshold=apart(everybody, points),
        everybody=everybody,
        points=points,
        anchors=len(active_model().gallery.anchors_of(person_id).anchor_ids),
        number=number,
    )


def points_of(person_id: UUID | None) -> float:
    """Return the points of a person; 0 for an unknown person, in the same time."""
    return db.session.connection().scalar(_POINTS, {"person_id": person_id}) or 0.0


def all_points() -> dict[UUID | None, float]:
    """Return the newest points of everybody who ever had any, by person id."""
    rows = db.session.scalars(select(PersonThresholdChange).order_by(PersonThresholdChange.number))
    return {row.person_id: row.points for row in rows}


def apart(common: Threshold, points: float) -> Threshold:
    """Return the threshold `points` above the common one of a verification or identification."""
    if points <= 0:  # negative points of an earlier release do not count
        return common
    score = min(common.score + points, HIGHEST_SCORE)
    return Threshold(active_model().engine.calibration.similarity(score), score, common.rule)


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
        PointsOutOfRange: if the points are not a number from 0 to MOST_POINTS.
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
    """Return the dangers of `points`: a stricter threshold accepts no more strangers."""
    threshold = apart(own.everybody, points)
    curve = active_model().engine.calibration.curve(threshold.rule, max(own.anchors, 1))
    return dangers.of_rates(0.0, curve.rates_at(threshold.similarity)["frr"])


def check(person_id: UUID, points: float, based_on: int | None = None) -> None:
    """Check that a change is possible; raises like `change`."""
    if not 0 <= points <= MOST_POINTS:
        raise PointsOutOfRange(MOST_POINTS)
    find_person(person_id)
    _HISTORY.check_newest(based_on, person_id)


def history(person_id: UUID) -> tuple[Change[float], ...]:
    """Return the last changes of a person's points, newest first."""
    return _HISTORY.entries(person_id)

"""What another setting would have made of the last attempts, before it counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from math import inf
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from webapp.db.engine import db
from webapp.db.models import Attempt, Kind
from webapp.inference.active_model import active_model
from webapp.services.matching.decision import PersonLabel
from webapp.services.thresholds import identification, per_person, verification
from webapp.services.thresholds.identification import IdentificationPolicy
from webapp.services.thresholds.verification import Threshold

LAST_ATTEMPTS = 500
MOST_SHOWN = 20


@dataclass(frozen=True)
class Redecision:
    """An attempt that would have ended the other way.

    Attributes:
        created_at: when it was made.
        person: who was claimed, or found; None for nobody, or somebody deleted since.
        score: by the rule looked at, 0 to 100.
        match: how it was decided; the other way round by the setting looked at.
    """

    created_at: datetime
    person: PersonLabel | None
    score: float
    match: bool


@dataclass(frozen=True)
class Redecisions:
    """The last attempts under another setting.

    Attributes:
        looked_at: how many attempts could be decided anew.
        unknown: how many could not, since they did not keep what that takes.
        changed: those that would have ended the other way, newest first.
    """

    evaluated: int
    unknown: int
    changed: tuple[Redecision, ...]

    @property
    def refused(self) -> int:
        """How many matches would have been none."""
        return sum(one.match for one in self.changed)

    @property
    def accepted(self) -> int:
        """How many would have been matches that were none."""
        return len(self.changed) - self.refused

    @property
    def shown(self) -> tuple[Redecision, ...]:
        """The newest of them."""
        return self.changed[:MOST_SHOWN]


# What an attempt's similarity would have been, and whether a match; None where it is unknown.
Judge = Callable[[Attempt], tuple[float, bool] | None]


def by_threshold(everybody: Threshold) -> Redecisions:
    """The last verifications under another threshold of everybody's."""
    points = per_person.all_points()

    def judge(attempt: Attempt) -> tuple[float, bool] | None:
        similarity = _similarity(attempt, everybody.rule)
        if similarity is None:
            return None
        apart = points.get(attempt.person_id, 0.0)
        own = per_person.apart(everybody, apart, attempt.anchors_compared)
        claims_somebody = attempt.anchors_compared > 0
        return similarity, claims_somebody and similarity >= own.similarity

    return _judged(_last(Kind.VERIFY), judge)


def by_points(person_id: UUID, points: float) -> Redecisions:
    """The last verifications of one person under another threshold of their own."""
    everybody = verification.in_force()

    def judge(attempt: Attempt) -> tuple[float, bool] | None:
        similarity = _similarity(attempt, everybody.rule)
        if similarity is None:
            return None
        own = per_person.apart(everybody, points, attempt.anchors_compared)
        return similarity, similarity >= own.similarity

    return _judged(_last(Kind.VERIFY, person_id), judge)


def by_search(search: IdentificationPolicy) -> Redecisions:
    """The last searches under another setting, at the present number of people.

    People's own thresholds are left out: who was nearest is kept of those found alone.
    """
    threshold = identification.threshold(active_model().gallery.refresh(), search)
    to_score = active_model().engine.calibration.score

    def judge(attempt: Attempt) -> tuple[float, bool] | None:
        if attempt.rule != threshold.rule:
            return None
        second = attempt.runner_up
        lead = inf if second is None else to_score(attempt.similarity) - to_score(second)
        match = attempt.similarity >= threshold.similarity and lead >= search.margin
        return attempt.similarity, match

    return _judged(_last(Kind.IDENTIFY), judge)


def _judged(attempts: Iterable[Attempt], judge: Judge) -> Redecisions:
    evaluated, unknown, changed = 0, 0, []
    to_score = active_model().engine.calibration.score
    for attempt in attempts:
        judged = judge(attempt)
        if judged is None:
            unknown += 1
            continue
        evaluated += 1
        similarity, match = judged
        if match != attempt.match:
            label = PersonLabel.of(attempt.person) if attempt.person else None
            changed.append(
                Redecision(attempt.created_at, label, to_score(similarity), attempt.match)
            )
    return Redecisions(evaluated, unknown, tuple(changed))


def _last(kind: Kind, person_id: UUID | None = None) -> Iterable[Attempt]:
    """The newest attempts of a kind that the model that serves decided."""
    attempts = (
        select(Attempt)
        .where(Attempt.kind == kind, Attempt.model_id == active_model().engine.model_id)
        .order_by(Attempt.created_at.desc(), Attempt.id)
        .limit(LAST_ATTEMPTS)
        .options(selectinload(Attempt.person))
    )
    if person_id:
        attempts = attempts.where(Attempt.person_id == person_id)
    return db.session.scalars(attempts)


def _similarity(attempt: Attempt, rule: str) -> float | None:
    """By a rule; None where the attempt kept only another rule's."""
    if attempt.rule == rule:
        return attempt.similarity
    return (attempt.by_rule or {}).get(rule)

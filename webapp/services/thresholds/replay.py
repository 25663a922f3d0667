"""Replay the last attempts under another setting, before it takes effect."""

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
    """An attempt with another result under the new setting.

    Attributes:
        created_at: time of the attempt.
        person: person claimed or identified; None for nobody, or if deleted since.
        score: score by the new setting's rule, 0 to 100.
        match: original result; the new setting's is the opposite.
    """

    created_at: datetime
    person: PersonLabel | None
    score: float
    match: bool


@dataclass(frozen=True)
class Redecisions:
    """The last attempts under another setting.

    Attributes:
        evaluated: number of attempts replayed.
        unknown: number of attempts that did not record what a replay needs.
        changed: attempts with another result, newest first.
    """

    evaluated: int
    unknown: int
    changed: tuple[Redecision, ...]

    @property
    def refused(self) -> int:
        """Number of matches that would become rejections."""
        return sum(one.match for one in self.changed)

    @property
    def accepted(self) -> int:
        """Number of rejections that would become matches."""
        return len(self.changed) - self.refused

    @property
    def shown(self) -> tuple[Redecision, ...]:
        """The newest changed attempts, at most MOST_SHOWN."""
        return self.changed[:MOST_SHOWN]


# Returns similarity and result of an attempt under the new setting; None if unknown.
Judge = Callable[[Attempt], tuple[float, bool] | None]


def by_threshold(everybody: Threshold) -> Redecisions:
    """Replay the last verifications under another common threshold."""
    points = per_person.all_points()

    def judge(attempt: Attempt) -> tuple[float, bool] | None:
        similarity = _similarity(attempt, everybody.rule)
        if similarity is None:
            return None
        own = per_person.apart(everybody, points.get(attempt.person_id, 0.0))
        claims_somebody = attempt.anchors_compared > 0
        return similarity, claims_somebody and similarity >= own.similarity

    return _judged(_last(Kind.VERIFY), judge)


def by_points(person_id: UUID, points: float) -> Redecisions:
    """Replay the last verifications of one person under another threshold of their own."""
    everybody = verification.in_force()
    own = per_person.apart(everybody, points)

    def judge(attempt: Attempt) -> tuple[float, bool] | None:
        similarity = _similarity(attempt, everybody.rule)
        if similarity is None:
            return None
        return similarity, similarity >= own.similarity

    return _judged(_last(Kind.VERIFY, person_id), judge)


def by_search(search: IdentificationPolicy) -> Redecisions:
    """Replay the last identifications under another policy, at the present number of people.

    People's own thresholds are ignored: only attempts with a match recorded the nearest person.
    """
    threshold = identification.threshold(active_model().gallery.refresh(), search)
    calibration = active_model().engine.calibration
    to_score, normaliser = calibration.score, calibration.normaliser.digest

    def judge(attempt: Attempt) -> tuple[float, bool] | None:
        if attempt.rule != threshold.rule or attempt.normaliser != normaliser:
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
    """Return the newest attempts of a kind that the active model decided."""
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
    """Return the similarity by a rule; None if the attempt recorded only others."""
    if attempt.normaliser != active_model().engine.calibration.normaliser.digest:
        return None
    if attempt.rule == rule:
        return attempt.similarity
    return (attempt.by_rule or {}).get(rule)

"""Scores, thresholds and stored attempts."""

from __future__ import annotations

from datetime import timedelta

from tests.support.past import past_attempt
from webapp.db.models import Attempt, now
from webapp.db.transactions import unit_of_work
from webapp.inference.active_model import active_model
from webapp.services.thresholds import replay
from webapp.services.thresholds.verification import Threshold


def similarity_of(score: float) -> float:
    return active_model().engine.calibration.similarity(score)


def threshold_at(score: float, rule: str = "best") -> Threshold:
    return Threshold(similarity_of(score), score, rule)


def attempt(score: float, *, match: bool, **facts: object) -> None:
    """Store an earlier attempt, a minute after the last one."""
    with unit_of_work() as session:
        minutes = session.query(Attempt).count()
        usual: dict[str, object] = {
            "match": match,
            "created_at": now() + timedelta(minutes=minutes),
            "similarity": similarity_of(score),
        }
        session.add(past_attempt(**usual | facts))


def scores(found: replay.Redecisions) -> list[tuple[int, bool]]:
    return [(round(one.score), one.match) for one in found.changed]

"""Rows of the past: attempts, and thresholds of a release that compared cosines."""

from __future__ import annotations

from webapp.db.models import Attempt, Kind, ThresholdChange
from webapp.db.transactions import unit_of_work
from webapp.inference.active_model import active_model


def past_attempt(**facts: object) -> Attempt:
    """Return a verification that matched, decided by the active model; `facts` differ from it."""
    calibration = active_model().engine.calibration
    usual: dict[str, object] = {
        "kind": Kind.VERIFY,
        "match": True,
        "model_id": calibration.model_id,
        "normaliser": calibration.normaliser.digest,
        "rule": "best",
        "threshold": calibration.similarity(50),
        "similarity": calibration.similarity(60),
        "anchors_compared": 1,
        "milliseconds": 100.0,
        "reasons": [],
    }
    return Attempt(**usual | facts)


def store_cosine_threshold(similarity: float, rule: str = "best") -> None:
    """Store a threshold as a release did that compared plain cosines."""
    with unit_of_work() as session:
        session.add(
            ThresholdChange(
                number=1,
                reason="few strangers come here",
                model_id=active_model().engine.model_id,
                rule=rule,
                similarity=similarity,
                previous_rule="best",
                previous_similarity=similarity,
            )
        )

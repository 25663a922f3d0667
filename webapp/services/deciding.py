"""Everything that decides a match at present, in one view."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.recognition import recognition
from webapp.services import searches, thresholds


@dataclass(frozen=True)
class VerificationInForce:
    """The threshold of a verification, and the number of the change that set it."""

    score: float
    similarity: float
    rule: str
    number: int


@dataclass(frozen=True)
class SearchInForce:
    """How a search decides, and the number of the change that set it."""

    fpir: float
    margin: float
    number: int


@dataclass(frozen=True)
class InForce:
    """What decides a match by the model that serves; `rules` can be chosen."""

    model_id: str
    rules: tuple[str, ...]
    verification: VerificationInForce
    search: SearchInForce


def in_force() -> InForce:
    """What decides a match now."""
    threshold, search = thresholds.in_force(), searches.in_force()
    return InForce(
        model_id=recognition().engine.model_id,
        rules=thresholds.rules(),
        verification=VerificationInForce(
            threshold.score, threshold.similarity, threshold.rule, thresholds.newest_number()
        ),
        search=SearchInForce(search.fpir, search.margin, searches.newest_number()),
    )

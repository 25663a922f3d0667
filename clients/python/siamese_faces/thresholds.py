"""Answers about thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from siamese_faces.results import Answer


@dataclass(frozen=True)
class VerificationThreshold(Answer):
    """Lowest score at which a verification matches."""

    score: float
    similarity: float
    rule: str
    number: int


@dataclass(frozen=True)
class SearchThreshold(Answer):
    """Goal of an identification: false positive rate, and margin over the second candidate."""

    fpir: float
    margin: float
    number: int


@dataclass(frozen=True)
class Thresholds(Answer):
    """The current thresholds of a model."""

    model_id: str
    rules: list[str]
    verification: VerificationThreshold
    search: SearchThreshold

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Return the answer's known fields."""
        return super().read(
            {
                **answer,
                "verification": VerificationThreshold.read(answer["verification"]),
                "search": SearchThreshold.read(answer["search"]),
            }
        )


@dataclass(frozen=True)
class PersonThreshold(Answer):
    """One person's threshold; `points` are added to everybody's."""

    score: float
    everybodys_score: float
    lowest_score: float
    points: float
    number: int

"""What an attempt ends in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from uuid import UUID

import numpy as np

from webapp.db.models import Person
from webapp.gallery.base import PersonAnchors
from webapp.inference.active_model import active_model
from webapp.services.thresholds.verification import HIGHEST_SCORE, LOWEST_SCORE, Threshold

# Notes; the words stand in the catalogue of messages.
UNKNOWN_PERSON, POOR_QUALITY, SEVERAL_FACES, THRESHOLD_ESTIMATED, TOO_CLOSE_TO_TELL = (
    "unknown_person",
    "poor_quality",
    "several_faces",
    "threshold_estimated",
    "too_close_to_tell",
)


@dataclass(frozen=True)
class PersonLabel:
    """A person as results name them."""

    id: UUID
    identifier: str
    name: str

    @classmethod
    def of(cls, person: Person) -> PersonLabel:
        """The label of a person."""
        return cls(person.id, person.identifier, person.name)


@dataclass(frozen=True)
class AnchorScore:
    """How one anchor scored, 0 to 100."""

    person: PersonLabel
    anchor_id: UUID
    score: float


@dataclass(frozen=True)
class PersonScore:
    """How one person scored in a search, 0 to 100, by the matching rule."""

    person: PersonLabel
    score: float


@dataclass(frozen=True)
class MatchDecision:
    """Match or no match, and what it rests on.

    Attributes:
        match: whether the similarity reaches the threshold.
        similarity: the person's, or the nearest person's; -1 to 1.
        score: the similarity as people see it, 0 to 100.
        threshold: what judged it.
        milliseconds: from the frames to the decision.
        compared: how many anchors were compared.
        person: who was claimed, or found; None for nobody.
        anchors: how each anchor scored, best first.
        reasons: what is wrong with the frames, as codes of quality.
        notes: codes of what is worth knowing besides.
        everybodys: everybody's threshold, where the person has another one.
        by_rule: the similarity with the person claimed by every matching rule.
        runner_up: the similarity of the second nearest person, in a search that has one.
        rivals: the people between whom a search cannot tell.
        candidates: the people nearest in a search, nearest first.
        for_all: whether what helps an attacker was left out.
        left_out: the id of the person that was left out.
        frames_sent, frames_used: how many frames there were, and how many were used together.
    """

    match: bool
    similarity: float
    score: float
    threshold: Threshold
    milliseconds: float
    compared: int
    person: PersonLabel | None
    anchors: tuple[AnchorScore, ...]
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    everybodys: Threshold | None = None
    by_rule: Mapping[str, float] = field(default_factory=dict)
    runner_up: float | None = None
    rivals: tuple[PersonLabel, ...] = ()
    candidates: tuple[PersonScore, ...] = ()
    for_all: bool = False
    left_out: UUID | None = None
    frames_sent: int = 1
    frames_used: int = 1

    @property
    def threshold_score(self) -> float:
        """The threshold as people see it, 0 to 100."""
        return self.threshold.score

    def as_shown(self) -> dict[str, Any]:
        """Return what a page shows of it, in values that JSON can hold but for ids."""
        return {
            "match": self.match,
            "score": self.score,
            "threshold_score": self.threshold_score,
            "milliseconds": self.milliseconds,
            "compared": self.compared,
            "person": asdict(self.person) if self.person else None,
            "rivals": [asdict(rival) for rival in self.rivals],
            "anchors": [asdict(anchor) for anchor in self.anchors],
            "reasons": self.reasons,
            "notes": self.notes,
            "frames_sent": self.frames_sent,
            "frames_used": self.frames_used,
        }

    @property
    def details(self) -> MatchDecision | None:
        """What it rests on, unless that was left out."""
        return None if self.for_all else self

    @property
    def concerns(self) -> UUID | None:
        """Whose data it is, though it may not say so; None for nobody's."""
        return self.person.id if self.person else self.left_out

    def told(self, *, in_detail: bool) -> MatchDecision:
        """As it is for those who may know what it rests on, or for everyone."""
        return self if in_detail else self.redacted()

    def redacted(self) -> MatchDecision:
        """Without what helps an attacker: anchors, whether the person exists, a fine score.

        A threshold of the person's own would say that they exist: the score is moved to where it
        stands as far from everybody's.
        """
        threshold = self.everybodys or self.threshold
        score = _moved(self.score, self.threshold.score, threshold.score)
        return replace(
            self,
            score=float(math.ceil(score) if self.match else math.floor(score)),
            threshold=threshold,
            compared=0,
            person=None,
            anchors=(),
            notes=tuple(note for note in self.notes if note != UNKNOWN_PERSON),
            everybodys=None,
            by_rule={},
            for_all=True,
            left_out=self.concerns,
        )


def notes_on_probe(reasons: tuple[str, ...]) -> tuple[str, ...]:
    """What is worth knowing of a probe with these complaints."""
    several = (SEVERAL_FACES,) if SEVERAL_FACES in reasons else ()
    return several + ((POOR_QUALITY,) if len(reasons) > len(several) else ())


def _moved(score: float, threshold: float, other: float) -> float:
    """A score's place between the bounds and another threshold, as it was with its own."""
    if threshold == other:
        return score
    ends = (LOWEST_SCORE, HIGHEST_SCORE)
    return float(np.interp(score, (ends[0], threshold, ends[1]), (ends[0], other, ends[1])))


def anchor_scores(
    people: Iterable[tuple[PersonLabel, PersonAnchors]],
) -> tuple[AnchorScore, ...]:
    """The scores of people's anchors, best first."""
    to_score = active_model().engine.calibration.score
    scores = [
        AnchorScore(person, anchor_id, to_score(similarity))
        for person, anchors in people
        for anchor_id, similarity in zip(
            anchors.anchor_ids, anchors.similarities.tolist(), strict=True
        )
    ]
    return tuple(sorted(scores, key=lambda anchor: anchor.score, reverse=True))

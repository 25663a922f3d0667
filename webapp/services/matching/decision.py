"""The result of an attempt."""

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

# Codes of notes; webapp/messages.py has their texts.
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
        """Build the label of a person."""
        return cls(person.id, person.identifier, person.name)


@dataclass(frozen=True)
class AnchorScore:
    """Score of one anchor, 0 to 100."""

    person: PersonLabel
    anchor_id: UUID
    score: float


@dataclass(frozen=True)
class PersonScore:
    """Score of one person in an identification by the matching rule, 0 to 100."""

    person: PersonLabel
    score: float


@dataclass(frozen=True)
class MatchDecision:
    """Match or no match, with the evidence.

    Attributes:
        match: whether the similarity reaches the threshold.
        similarity: with the claimed person, or with the nearest one; -1 to 1.
        score: similarity on the scale of scores, 0 to 100.
        threshold: threshold applied.
        milliseconds: time from the frames to the decision.
        compared: number of anchors compared.
        person: the claimed or identified person; None if there is none.
        anchors: score of each anchor, best first.
        reasons: codes of the quality faults of the frames.
        notes: codes of further remarks.
        everybodys: the common threshold, where the person has their own.
        by_rule: similarity with the claimed person by every matching rule.
        runner_up: similarity of the second nearest person in an identification, if there is one.
        rivals: people too close to each other to decide between in an identification.
        candidates: people nearest in an identification, nearest first.
        for_all: whether the decision is redacted.
        left_out: id of the person that redaction removed.
        frames_sent, frames_used: number of frames received, and of those fused into the probe.
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
        """Threshold on the scale of scores, 0 to 100."""
        return self.threshold.score

    def as_shown(self) -> dict[str, Any]:
        """Return what a page shows, JSON-serialisable except for ids."""
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
        """The evidence; None if it is redacted."""
        return None if self.for_all else self

    @property
    def concerns(self) -> UUID | None:
        """Id of the person whose data it is, even if redacted; None for nobody."""
        return self.person.id if self.person else self.left_out

    def for_reader(self, *, in_detail: bool) -> MatchDecision:
        """Return the full decision for readers who may see details, or the redacted one."""
        return self if in_detail else self.redacted()

    def redacted(self) -> MatchDecision:
        """Return the decision without what helps an attacker: evidence, existence, fine scores.

        A person's own threshold would reveal that they exist. The score therefore moves to the same
        relative position around the common threshold.
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
    """Return the notes for a probe with these quality faults."""
    several = (SEVERAL_FACES,) if SEVERAL_FACES in reasons else ()
    return several + ((POOR_QUALITY,) if len(reasons) > len(several) else ())


def _moved(score: float, threshold: float, other: float) -> float:
    """Map a score from around its own threshold to the same relative position around another."""
    if threshold == other:
        return score
    ends = (LOWEST_SCORE, HIGHEST_SCORE)
    return float(np.interp(score, (ends[0], threshold, ends[1]), (ends[0], other, ends[1])))


def anchor_scores(
    people: Iterable[tuple[PersonLabel, PersonAnchors]],
) -> tuple[AnchorScore, ...]:
    """Return the scores of people's anchors, best first."""
    to_score = active_model().engine.calibration.score
    scores = [
        AnchorScore(person, anchor_id, to_score(similarity))
        for person, anchors in people
        for anchor_id, similarity in zip(
            anchors.anchor_ids, anchors.similarities.tolist(), strict=True
        )
    ]
    return tuple(sorted(scores, key=lambda anchor: anchor.score, reverse=True))

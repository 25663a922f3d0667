"""Identification (1:N): find the enrolled person that a probe shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from uuid import UUID

from sqlalchemy import select

from webapp.core.actor import Actor
from webapp.core.events import record_event
from webapp.db.engine import db
from webapp.db.models import Kind, Person
from webapp.db.transactions import retry_on_conflict, unit_of_work
from webapp.errors.matching import NobodyEnrolled
from webapp.gallery.base import PersonAnchors, Summary
from webapp.inference.active_model import active_model
from webapp.services.attempts import attempt_log
from webapp.services.matching.decision import (
    THRESHOLD_ESTIMATED,
    TOO_CLOSE_TO_TELL,
    MatchDecision,
    PersonLabel,
    PersonScore,
    anchor_scores,
    notes_on_probe,
)
from webapp.services.matching.probe import Probe, probe_for
from webapp.services.people.people import anybody_enrolled
from webapp.services.thresholds import identification, per_person
from webapp.services.thresholds.verification import Threshold

NEAREST_SHOWN = 10


@retry_on_conflict
def identify(frames: Sequence[bytes], actor: Actor, most: int = NEAREST_SHOWN) -> MatchDecision:
    """Compare frames with the anchors of everybody, and record the attempt.

    The threshold is the identification's own and rises with the number of people. The nearest
    person must also lead the next one by the margin in force.

    Args:
        frames: pictures of one person.
        actor: recorded with the attempt.
        most: maximum number of candidates named.

    Raises:
        NobodyEnrolled: if the gallery is empty.
        FaceError: if no frame can be used; a refusal is recorded instead of an attempt.
    """
    started = perf_counter()
    if not anybody_enrolled():
        raise NobodyEnrolled
    probe = probe_for(Kind.IDENTIFY, frames, actor)
    # The audit entry of a program's use must be durable before the answer.
    with unit_of_work(exclusive=False, durable=actor.key is None) as session:
        gallery = active_model().gallery.refresh()
        if not gallery.anchors:
            raise NobodyEnrolled
        decision = _decision(_found(probe, gallery, most), probe, started)
        attempt_log.record(session, Kind.IDENTIFY, decision, actor)
    record_event("identified", match=decision.match, account=actor.account)
    return decision


@dataclass(frozen=True)
class _Found:
    """People nearest to a probe, and the criteria of the decision.

    Attributes:
        nearest: people with their labels, nearest first.
        similarities: their similarities, by the threshold's rule.
        threshold: threshold for the nearest person.
        margin: score points by which the nearest must lead.
        compared: number of anchors compared.
        most: maximum number of candidates named.
    """

    nearest: tuple[tuple[PersonLabel, PersonAnchors], ...]
    similarities: tuple[float, ...]
    threshold: Threshold
    margin: float
    compared: int
    most: int

    @property
    def scores(self) -> tuple[float, ...]:
        """Scores of the nearest people."""
        return tuple(map(active_model().engine.calibration.score, self.similarities))

    @property
    def candidates(self) -> tuple[PersonScore, ...]:
        """The nearest people with their scores, nearest first."""
        return tuple(
            PersonScore(label, score)
            for (label, _), score in zip(self.nearest, self.scores, strict=True)
        )[: self.most]

    @property
    def reaches(self) -> bool:
        """Whether the nearest person reaches the threshold."""
        return self.similarities[0] >= self.threshold.similarity

    @property
    def rivals(self) -> tuple[PersonLabel, ...]:
        """People too close to decide between; empty if one leads or none reaches the threshold."""
        lead = self.scores[0] - self.margin
        close = [
            label
            for (label, _), score in zip(self.nearest, self.scores, strict=True)
            if score > lead
        ]
        return tuple(close) if self.reaches and len(close) > 1 else ()


def _found(probe: Probe, gallery: Summary, most: int) -> _Found:
    search = identification.in_force()
    threshold = identification.threshold(gallery, search)
    compared = max(most, NEAREST_SHOWN)  # finds rivals even if `most` is small
    nearest = active_model().gallery.nearest(probe.frames, compared, threshold.rule)
    labels = _labels([person.person_id for person in nearest])
    points = per_person.points_of(nearest[0].person_id)
    return _Found(
        nearest=tuple((labels[person.person_id], person) for person in nearest),
        similarities=tuple(person.by_rule(threshold.rule) for person in nearest),
        threshold=per_person.apart(threshold, points),
        margin=search.margin,
        compared=gallery.anchors,
        most=most,
    )


def _decision(found: _Found, probe: Probe, started: float) -> MatchDecision:
    match = found.reaches and not found.rivals
    notes = notes_on_probe(probe.reasons) + ((TOO_CLOSE_TO_TELL,) if found.rivals else ())
    return MatchDecision(
        match=match,
        similarity=found.similarities[0],
        score=found.scores[0],
        threshold=found.threshold,
        milliseconds=(perf_counter() - started) * 1000,
        compared=found.compared,
        person=found.nearest[0][0] if match else None,
        anchors=anchor_scores(found.nearest),
        reasons=probe.reasons,
        notes=(*notes, THRESHOLD_ESTIMATED),
        runner_up=found.similarities[1] if len(found.similarities) > 1 else None,
        rivals=found.rivals,
        candidates=found.candidates,
        frames_sent=probe.sent,
        frames_used=probe.used,
    )


def _labels(person_ids: list[UUID]) -> dict[UUID, PersonLabel]:
    people = db.session.scalars(select(Person).where(Person.id.in_(person_ids)))
    return {person.id: PersonLabel.of(person) for person in people}

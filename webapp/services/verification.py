"""1:1: is this the person they claim to be?"""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from uuid import UUID

from sqlalchemy import select

from webapp.database import unit_of_work
from webapp.errors import NobodyEnrolled
from webapp.extensions import db
from webapp.gallery import PersonAnchors
from webapp.logs import record_event
from webapp.models import Kind, Person
from webapp.recognition import recognition
from webapp.services import attempts, thresholds
from webapp.services.claims import claim_digest, stranger_similarity
from webapp.services.decisions import (
    POOR_QUALITY,
    UNKNOWN_PERSON,
    Decision,
    PersonLabel,
    anchor_scores,
)
from webapp.services.names import comparable
from webapp.services.people import count_people
from webapp.services.probes import Probe, probe_from
from webapp.services.thresholds import Threshold


def verify(identifier: str, frames: Sequence[bytes], asked_by: UUID | None = None) -> Decision:
    """Compare frames with every anchor of the person claimed, and record the attempt.

    For an identifier that nobody has, a stranger's similarity stands in, and never matches.

    Raises:
        NobodyEnrolled: if there is nobody at all.
        FaceError: if no frame can be used; no attempt is recorded then.
    """
    started = perf_counter()
    if not count_people():
        raise NobodyEnrolled
    probe = probe_from(frames)
    with unit_of_work() as session:
        threshold = thresholds.in_force()
        person = _claimed(identifier)
        anchors = recognition().gallery.similarities(probe.embedding, person.id) if person else None
        rows = recognition().gallery.follow()
        stranger = stranger_similarity(identifier, probe.embedding, rows, threshold)
        similarity = anchors.by_rule(threshold.rule) if anchors else stranger
        decision = _decision(similarity, threshold, probe, person, anchors, started)
        attempts.record(session, Kind.VERIFY, decision, asked_by, claim_digest(identifier))
    record_event("verified", match=decision.match, account=asked_by)
    return decision


def _claimed(identifier: str) -> Person | None:
    return db.session.scalar(select(Person).where(Person.identifier_key == comparable(identifier)))


def _decision(
    similarity: float,
    threshold: Threshold,
    probe: Probe,
    person: Person | None,
    anchors: PersonAnchors | None,
    started: float,
) -> Decision:
    label = PersonLabel.of(person) if person else None
    notes = ((POOR_QUALITY,) if probe.reasons else ()) + (() if person else (UNKNOWN_PERSON,))
    return Decision(
        match=anchors is not None and similarity >= threshold.similarity,
        similarity=similarity,
        score=recognition().engine.calibration.score(similarity),
        threshold=threshold,
        milliseconds=(perf_counter() - started) * 1000,
        compared=len(anchors.anchor_ids) if anchors else 0,
        person=label,
        anchors=anchor_scores([(label, anchors)]) if label and anchors else (),
        reasons=probe.reasons,
        notes=notes,
    )

"""1:N: who of all the people enrolled is this?"""

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
from webapp.services import attempts
from webapp.services.decisions import (
    POOR_QUALITY,
    THRESHOLD_ESTIMATED,
    Decision,
    PersonLabel,
    anchor_scores,
)
from webapp.services.people import count_people
from webapp.services.probes import Probe, probe_from
from webapp.services.thresholds import Threshold

# The table from which the threshold comes is of single anchors: the best one decides.
RULE = "best"
NEAREST_SHOWN = 10


def identify(frames: Sequence[bytes], asked_by: UUID) -> Decision:
    """Compare frames with the anchors of everybody, and record the attempt.

    The threshold is 1:N's own: it rises with the number of anchors compared.

    Raises:
        NobodyEnrolled: if there is nobody to compare with.
        FaceError: if no frame can be used; no attempt is recorded then.
    """
    started = perf_counter()
    if not count_people():
        raise NobodyEnrolled
    probe = probe_from(frames)
    with unit_of_work() as session:
        gallery = recognition().gallery
        compared = len(gallery.follow().anchor_ids)
        if not compared:
            raise NobodyEnrolled
        nearest = gallery.nearest(probe.embedding, NEAREST_SHOWN, RULE)
        decision = _decision(nearest, probe, compared, started)
        attempts.record(session, Kind.IDENTIFY, decision, asked_by)
    record_event("identified", match=decision.match, account=asked_by)
    return decision


def _decision(
    nearest: tuple[PersonAnchors, ...], probe: Probe, compared: int, started: float
) -> Decision:
    threshold = _threshold(compared)
    labels = _labels([person.person_id for person in nearest])
    similarity = nearest[0].by_rule(RULE)
    match = similarity >= threshold.similarity
    return Decision(
        match=match,
        similarity=similarity,
        score=recognition().engine.calibration.score(similarity),
        threshold=threshold,
        milliseconds=(perf_counter() - started) * 1000,
        compared=compared,
        person=labels[nearest[0].person_id] if match else None,
        anchors=anchor_scores((labels[person.person_id], person) for person in nearest),
        reasons=probe.reasons,
        notes=(*((POOR_QUALITY,) if probe.reasons else ()), THRESHOLD_ESTIMATED),
    )


def _threshold(compared: int) -> Threshold:
    calibration = recognition().engine.calibration
    similarity = calibration.identification_threshold(compared)
    return Threshold(similarity, calibration.score(similarity), RULE)


def _labels(person_ids: list[UUID]) -> dict[UUID, PersonLabel]:
    people = db.session.scalars(select(Person).where(Person.id.in_(person_ids)))
    return {person.id: PersonLabel.of(person) for person in people}

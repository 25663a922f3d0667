"""1:1: is this the person they claim to be?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ml import match_rules
from webapp.database import unit_of_work
from webapp.errors import NobodyEnrolled
from webapp.extensions import db
from webapp.gallery import PersonAnchors
from webapp.logs import record_event
from webapp.models import Kind, Person
from webapp.recognition import recognition
from webapp.services import attempts, audit, failures, person_thresholds, thresholds
from webapp.services.claims import claim_digest, stranger_similarity
from webapp.services.decisions import (
    POOR_QUALITY,
    UNKNOWN_PERSON,
    Decision,
    PersonLabel,
    anchor_scores,
)
from webapp.services.failures import WITH_FACES
from webapp.services.names import comparable
from webapp.services.people import count_people
from webapp.services.probes import Probe, probe_for
from webapp.services.thresholds import Threshold


@dataclass(frozen=True)
class _Claim:
    """Who is claimed, how their anchors stand to the probe, and what decides.

    `threshold` is the person's own, `everybodys` that of everybody else and of nobody.
    """

    person: Person | None
    anchors: PersonAnchors | None
    threshold: Threshold
    everybodys: Threshold

    @property
    def compared(self) -> int:
        """How many anchors are compared."""
        return len(self.anchors.anchor_ids) if self.anchors else 0


def verify(identifier: str, frames: Sequence[bytes], asked_by: UUID | None = None) -> Decision:
    """Compare frames with every anchor of the person claimed, and record the attempt.

    For an identifier that nobody has, a stranger's similarity stands in, and never matches.

    Raises:
        NobodyEnrolled: if there is nobody at all.
        MustWait, FaceDisabled: after failures in a row, whether or not somebody has the identifier.
        FaceError: if no frame can be used; a refusal is recorded instead of an attempt.
    """
    started = perf_counter()
    if not count_people():
        raise NobodyEnrolled
    digest = claim_digest(identifier)
    failures.check(digest, WITH_FACES)
    probe = probe_for(Kind.VERIFY, frames)
    with unit_of_work() as session:
        failures.check(digest, WITH_FACES)  # others may have tried meanwhile
        claim = _claim(identifier, probe)
        rows = recognition().gallery.follow()
        stranger = stranger_similarity(identifier, probe.embedding, rows, claim.everybodys)
        decision = _decision(claim, stranger, probe, started)
        attempts.record(session, Kind.VERIFY, decision, asked_by, digest)
        _count(session, digest, decision)
    record_event("verified", match=decision.match, account=asked_by)
    return decision


def _count(session: Session, digest: bytes, decision: Decision) -> None:
    if decision.match:
        failures.forget(session, digest)
        return
    if failures.count_failure(session, digest) == WITH_FACES.most:
        audit.record(
            session, "face_disabled", person=decision.person.id if decision.person else None
        )


def _claim(identifier: str, probe: Probe) -> _Claim:
    person = db.session.scalar(
        select(Person).where(Person.identifier_key == comparable(identifier))
    )
    everybodys = thresholds.in_force()
    points = person_thresholds.points_of(person.id if person else None)
    anchors = recognition().gallery.similarities(probe.embedding, person.id) if person else None
    own = everybodys
    if anchors:
        own = person_thresholds.apart(everybodys, points, len(anchors.anchor_ids))
    return _Claim(person, anchors, own, everybodys)


def _decision(claim: _Claim, stranger: float, probe: Probe, started: float) -> Decision:
    """`stranger` stands in for the similarity with nobody."""
    anchors, label = claim.anchors, PersonLabel.of(claim.person) if claim.person else None
    by_rule = {rule: anchors.by_rule(rule) for rule in match_rules} if anchors else {}
    similarity = by_rule.get(claim.threshold.rule, stranger)
    notes = ((POOR_QUALITY,) if probe.reasons else ()) + (() if label else (UNKNOWN_PERSON,))
    return Decision(
        match=anchors is not None and similarity >= claim.threshold.similarity,
        similarity=similarity,
        score=recognition().engine.calibration.score(similarity),
        threshold=claim.threshold,
        milliseconds=(perf_counter() - started) * 1000,
        compared=claim.compared,
        person=label,
        anchors=anchor_scores([(label, anchors)]) if label and anchors else (),
        reasons=probe.reasons,
        notes=notes,
        everybodys=claim.everybodys,
        by_rule=by_rule,
        frames_sent=probe.sent,
        frames_used=probe.used,
    )

"""Enrolment with liveness evidence: a passed challenge, or an operator's waiver.

Where no challenge is required, this is plain enrolment.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from sqlalchemy.orm import Session

from ml import Face
from webapp.core.actor import Actor
from webapp.db.models import Outcome, Purpose
from webapp.errors.liveness import ChallengeNeeded, WaiverUnexplained
from webapp.errors.people import AnotherFace
from webapp.inference.active_model import active_model
from webapp.services import audit
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.enrolment.warnings import Doubts
from webapp.services.liveness import challenges, results
from webapp.services.liveness import setting as liveness
from webapp.services.liveness.results import WAIVERS, Result
from webapp.services.people.people import find_person


@dataclass(frozen=True)
class LivenessEvidence:
    """Evidence that the person is present.

    Attributes:
        holder: browser session of the enrolment.
        challenge_id: challenge passed in that session; None for none.
        waiver: code of the operator's reason to skip the challenge.
    """

    holder: str
    challenge_id: UUID | None = None
    waiver: str = ""


def enrol(
    new: NewPerson,
    faces: Collection[Face],
    actor: Actor,
    evidence: LivenessEvidence,
    overridden: Doubts = (),
) -> UUID:
    """Store a person whose pictures match their liveness evidence, and return their id.

    Raises:
        ChallengeNeeded: if a challenge is required, and there is none.
        ChallengeUnknown: if it was not passed in this session for this identifier, or too long ago.
        AnotherFace: if some pictures do not show the face that passed the challenge.
        WaiverUnexplained: if the waiver's reason is unknown.
        ConsentMissing, DuplicateIdentifier, ModelChangedMeanwhile: as `store.store_person`.
    """
    keep = _keeper(new.identifier, faces, actor, evidence)
    return store.store_person(new, faces, actor, keep, overridden)


def add_anchors(
    person_id: UUID,
    faces: Collection[Face],
    actor: Actor,
    evidence: LivenessEvidence,
    in_place_of: UUID | None = None,
    overridden: Doubts = (),
) -> None:
    """Add pictures that match the liveness evidence to a person.

    Raises:
        ChallengeNeeded, ChallengeUnknown, AnotherFace, WaiverUnexplained: as `enrol`.
        UnknownPerson, TooManyAnchors, ModelChangedMeanwhile: as `store.add_anchors`.
    """
    keep = _keeper(find_person(person_id).identifier, faces, actor, evidence)
    store.add_anchors(person_id, faces, actor, in_place_of, keep, overridden)


def _keeper(
    identifier: str, faces: Collection[Face], actor: Actor, evidence: LivenessEvidence
) -> Callable[[Session, UUID], None] | None:
    """Check the evidence, and return what the enrolment's transaction records about it."""
    setting = liveness.in_force()
    if not setting.requires_challenge(Purpose.ENROL):
        return None
    if evidence.waiver:
        return _waiving(setting.strength, evidence.waiver, actor)
    challenge_id = evidence.challenge_id
    if challenge_id is None:
        raise ChallengeNeeded
    _check_same(challenges.passed_face(challenge_id, evidence.holder, identifier), faces)
    return lambda session, _person: challenges.end(session, challenge_id)


def _check_same(live: np.ndarray, faces: Collection[Face]) -> None:
    threshold = active_model().engine.calibration.default_threshold
    others = [
        str(number)
        for number, face in enumerate(faces, start=1)
        if float(face.embedding @ live) < threshold
    ]
    if others:
        raise AnotherFace(", ".join(others))


def _waiving(strength: str, reason: str, actor: Actor) -> Callable[[Session, UUID], None]:
    if reason not in WAIVERS:
        raise WaiverUnexplained
    waived = Result(Purpose.ENROL, Outcome.WAIVED, strength, reasons=(reason,))

    def keep(session: Session, person: UUID) -> None:
        results.record(session, waived, person, actor)
        audit.record(session, "challenge_waived", actor, person=person, reason=reason)

    return keep

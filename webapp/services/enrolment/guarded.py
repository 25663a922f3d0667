"""Enrolling where movements are asked for: pictures show who is there, or somebody says why not.

Where none are asked for it is enrolling as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from sqlalchemy.orm import Session

from ml import Face
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
    """How it is known that the person is there.

    Attributes:
        holder: the session in which all of it happens.
        challenge_id: the challenge that was passed in it, None for none.
        waiver: why an operator does without.
    """

    holder: str
    challenge_id: UUID | None = None
    waiver: str = ""


def enrol(
    new: NewPerson,
    faces: Collection[Face],
    enrolled_by: UUID,
    presence: LivenessEvidence,
    overridden: Doubts = (),
) -> UUID:
    """Store a person whose pictures show who is there, in spite of doubts; returns their id.

    Raises:
        ChallengeNeeded: if a challenge is asked for, and there is none.
        ChallengeUnknown: if it was not passed in this session for this identifier, or too long ago.
        AnotherFace: if some pictures do not show who passed it.
        WaiverUnexplained: if the reason to do without is none of those known.
        ConsentMissing, DuplicateIdentifier, ModelChangedMeanwhile: as `enrolment.store_person`.
    """
    keep = _keeper(new.identifier, faces, enrolled_by, presence)
    return store.store_person(new, faces, enrolled_by, keep, overridden)


def add_anchors(
    person_id: UUID,
    faces: Collection[Face],
    added_by: UUID,
    presence: LivenessEvidence,
    in_place_of: UUID | None = None,
    overridden: Doubts = (),
) -> None:
    """Add pictures that show who is there to a person, in spite of doubts.

    Raises:
        ChallengeNeeded, ChallengeUnknown, AnotherFace, WaiverUnexplained: as `enrol` does.
        UnknownPerson, TooManyAnchors, ModelChangedMeanwhile: as `enrolment.add_anchors`.
    """
    keep = _keeper(find_person(person_id).identifier, faces, added_by, presence)
    store.add_anchors(person_id, faces, added_by, in_place_of, keep, overridden)


def _keeper(
    identifier: str, faces: Collection[Face], account: UUID, presence: LivenessEvidence
) -> Callable[[Session, UUID], None] | None:
    """What is to be done in the transaction of the enrolment."""
    setting = liveness.in_force()
    if not setting.requires_challenge(Purpose.ENROL):
        return None
    if presence.waiver:
        return _waiving(setting.strength, presence.waiver, account)
    challenge_id = presence.challenge_id
    if challenge_id is None:
        raise ChallengeNeeded
    _check_same(challenges.passed_face(challenge_id, presence.holder, identifier), faces)
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


def _waiving(strength: str, reason: str, account: UUID) -> Callable[[Session, UUID], None]:
    if reason not in WAIVERS:
        raise WaiverUnexplained
    waived = Result(Purpose.ENROL, Outcome.WAIVED, strength, reasons=(reason,))

    def keep(session: Session, person: UUID) -> None:
        results.record(session, waived, person, account)
        audit.record(session, "challenge_waived", account, person=person, reason=reason)

    return keep

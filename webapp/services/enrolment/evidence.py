"""Liveness evidence of an enrolment: a passed challenge, or an operator's waiver."""

from __future__ import annotations

from collections.abc import Collection
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
from webapp.services.liveness import challenges, results
from webapp.services.liveness import setting as liveness
from webapp.services.liveness.results import WAIVERS, Result


@dataclass(frozen=True)
class LivenessEvidence:
    """Evidence that the person is present; it counts only while enrolment requires a challenge.

    Attributes:
        holder: browser session of the enrolment.
        challenge_id: challenge passed in that session; None for none.
        waiver: code of the operator's reason to skip the challenge.
        exempt: whether the enrolment needs no evidence: an import by the server's operator.
    """

    holder: str = ""
    challenge_id: UUID | None = None
    waiver: str = ""
    exempt: bool = False


NO_EVIDENCE = LivenessEvidence()
EXEMPT = LivenessEvidence(exempt=True)


def check(
    evidence: LivenessEvidence, identifier: str = "", faces: Collection[Face] = ()
) -> LivenessEvidence | None:
    """Check that the faces of an enrolment have the evidence that they require.

    Without identifier and faces, `NO_EVIDENCE` can be checked before the pictures are analysed.

    Returns:
        The evidence to use up in the enrolment's transaction; None if none is required.

    Raises:
        ChallengeNeeded: if a challenge is required, and there is none.
        ChallengeUnknown: if it was not passed in this session for this identifier, or too long ago.
        AnotherFace: if some pictures do not show the face that passed the challenge.
        WaiverUnexplained: if the waiver's reason is unknown.
    """
    if evidence.exempt or not liveness.in_force().requires_challenge(Purpose.ENROL):
        return None
    if evidence.waiver:
        if evidence.waiver not in WAIVERS:
            raise WaiverUnexplained
        return evidence
    if evidence.challenge_id is None:
        raise ChallengeNeeded
    _check_same(challenges.passed_face(evidence.challenge_id, evidence.holder, identifier), faces)
    return evidence


def use(session: Session, evidence: LivenessEvidence, person_id: UUID, actor: Actor) -> None:
    """Record a checked waiver, or end a checked challenge, in the running transaction."""
    if evidence.challenge_id and not evidence.waiver:
        challenges.end(session, evidence.challenge_id)
        return
    strength, reason = liveness.in_force().strength, evidence.waiver
    waived = Result(Purpose.ENROL, Outcome.WAIVED, strength, reasons=(reason,))
    results.record(session, waived, person_id, actor)
    audit.record(session, "challenge_waived", actor, person=person_id, reason=reason)


def _check_same(live: np.ndarray, faces: Collection[Face]) -> None:
    calibration = active_model().engine.calibration
    sent = calibration.normaliser(np.stack([face.embedding for face in faces]))
    similarities = sent.similarities(calibration.normaliser(live[None]))[:, 0].tolist()
    others = [
        str(number)
        for number, similarity in enumerate(similarities, start=1)
        if similarity < calibration.default_threshold
    ]
    if others:
        raise AnotherFace(", ".join(others))

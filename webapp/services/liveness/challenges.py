"""Liveness challenges: a person proves, frame by frame, that a live head is there.

    started ── see (number + 1) ──▶ started ── verify ──▶ deleted, result recorded
      │                               └──── pass_for_enrolment ──▶ passed ── enrol ──▶ deleted
      └── time or frames used up, or a new challenge ──▶ deleted, recorded as a failure

All state is in the database, so any process can answer any frame. Observations are encrypted, and
deleted with the challenge.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import cast
from uuid import UUID, uuid4

import numpy as np
from sqlalchemy import CursorResult, delete, update
from sqlalchemy.orm import Session

import ml
from ml import FaceError, Observation
from webapp.core.actor import Actor
from webapp.crypto.vault import Place
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import Challenge, ChallengeFrame, Outcome, Purpose, now
from webapp.db.transactions import unit_of_work
from webapp.errors.liveness import (
    ChallengeFailed,
    ChallengeNotAsked,
    ChallengeOver,
    ChallengeUnknown,
    FrameOutOfOrder,
)
from webapp.gallery.base import ON_DISK
from webapp.inference.active_model import active_model
from webapp.inference.admission import face_slot
from webapp.services.liveness import results
from webapp.services.liveness import setting as liveness
from webapp.services.liveness.drawn import DrawnChallenge, result_of
from webapp.services.liveness.frames import count_frame, frame_row, observations
from webapp.services.liveness.prompts import JudgedChallenge, Prompt, StartedChallenge, prompt_of
from webapp.services.liveness.unfinished import end_unfinished
from webapp.services.matching import claimed_identity
from webapp.settings import current_settings


@dataclass(frozen=True)
class ChallengeLimits:
    """Limits of a challenge: duration in seconds, number of frames, size of a frame in bytes.

    `enrolment_minutes` is how long a passed challenge stays valid for the enrolment.
    """

    seconds: int = 30
    frames: int = 300
    frame_bytes: int = 400_000
    enrolment_minutes: int = 15


CHALLENGE_LIMITS = ChallengeLimits()


def begin(
    identifier: str, holder: str, actor: Actor, purpose: Purpose = Purpose.VERIFY
) -> StartedChallenge:
    """Start a challenge; an unfinished one of the same holder and claim counts as failed.

    Args:
        identifier: identifier of the claimed or new person.
        holder: browser session or API key that answers the challenge.
        actor: the client, whose network failures count for.
        purpose: verification or enrolment.

    Raises:
        ChallengeNotAsked: if no challenge is required.
        MustWait, FaceDisabled: after several failures, whether or not the identifier exists.
    """
    setting = liveness.in_force()
    if not setting.requires_challenge(purpose):
        raise ChallengeNotAsked
    digest = claimed_identity.claim_digest(identifier)
    end_unfinished(
        actor, Challenge.claim_digest == digest, Challenge.holder_digest == _holder_digest(holder)
    )
    end_unfinished(actor)
    if purpose is Purpose.VERIFY:
        claimed_identity.check_may_try(digest, setting, actor)
    drawn = ml.draw_challenge(
        current_settings().chance(), setting.strength, setting.allowed, light=setting.light
    )
    row = Challenge(
        id=uuid4(),
        purpose=purpose,
        claim_digest=digest,
        holder_digest=_holder_digest(holder),
        network_digest=claimed_identity.network_digest(digest, actor),
        model_id=active_model().engine.model_id,
        frames=0,
        created_at=now(),
    )
    row.drawn = DrawnChallenge(identifier, drawn).sealed(row.id)
    row.expires_at = row.created_at + timedelta(seconds=CHALLENGE_LIMITS.seconds)
    challenge_id = row.id
    with unit_of_work() as session:
        session.add(row)
    return StartedChallenge(
        challenge_id, prompt_of(drawn, ml.progress(drawn, []), frame=1), CHALLENGE_LIMITS.seconds
    )


def see(challenge_id: UUID, holder: str, number: int, picture: bytes, actor: Actor) -> Prompt:
    """Process the next frame of a challenge, and return the next prompt.

    A frame without a usable face counts; the prompt's hint is the reason.

    Raises:
        ChallengeUnknown: if there is none of this holder.
        ChallengeOver: if its time or its frames are used up.
        FrameOutOfOrder: if the frame is not the next one.
    """
    at = now()
    row = _running(challenge_id, holder, actor)
    if number != row.frames + 1:
        raise FrameOutOfOrder(row.frames + 1)
    drawn, elapsed = DrawnChallenge.of(row).challenge, (at - row.created_at).total_seconds()
    before = observations(challenge_id)
    seen: Observation | None = None
    with face_slot(actor):
        try:
            seen, progress = active_model().engine.observe(picture, elapsed, drawn, before)
        except FaceError as error:
            progress = replace(ml.progress(drawn, before), hint=error.code)
    with unit_of_work() as session:
        count_frame(session, challenge_id, number)
        if seen:
            session.add(frame_row(challenge_id, number, seen))
    return prompt_of(drawn, progress, frame=number + 1)


def judge(
    challenge_id: UUID, holder: str, identifier: str, purpose: Purpose, actor: Actor
) -> JudgedChallenge:
    """Judge the frames of a challenge; the caller has to end it.

    Raises:
        ChallengeUnknown: if there is none of this holder and claim.
        ChallengeOver: if its time is used up.
    """
    row = _running(challenge_id, holder, actor)
    if row.claim_digest != claimed_identity.claim_digest(identifier) or row.purpose != purpose:
        raise ChallengeUnknown
    drawn, seen = DrawnChallenge.of(row), observations(challenge_id)
    verdict = active_model().engine.judge(drawn.challenge, seen)
    outcome = Outcome.PASSED if verdict.passed else Outcome.FAILED
    result = result_of(row, drawn, outcome, tuple(verdict.reasons), dict(verdict.cues))
    face = seen[verdict.matched].embedding if verdict.passed else None
    return JudgedChallenge(challenge_id, result, face)


def end(session: Session, challenge_id: UUID) -> None:
    """End a judged challenge in the running transaction; only one caller can.

    Raises:
        ChallengeUnknown: if another transaction has ended it.
    """
    statement = delete(Challenge).where(Challenge.id == challenge_id)
    if cast(CursorResult[object], session.execute(statement)).rowcount != 1:
        raise ChallengeUnknown


def pass_for_enrolment(challenge_id: UUID, holder: str, identifier: str, actor: Actor) -> None:
    """Judge a challenge before an enrolment; a passed one stays valid for the pictures.

    Raises:
        ChallengeFailed: if it was not passed; it is deleted.
        ChallengeUnknown, ChallengeOver: as `judge`.
    """
    judged = judge(challenge_id, holder, identifier, Purpose.ENROL, actor)
    with unit_of_work() as session:
        if judged.face is None:
            end(session, challenge_id)
        else:
            _await_enrolment(session, judged.id, judged.face)
        person = claimed_identity.claimed_person(identifier)
        results.record(session, judged.result, person.id if person else None, actor)
    if judged.face is None:
        raise ChallengeFailed


def passed_face(challenge_id: UUID, holder: str, identifier: str) -> np.ndarray:
    """Return the embedding of the face that passed a challenge before an enrolment, float32 (d,).

    Raises:
        ChallengeUnknown: if there is no passed one of this holder and claim.
    """
    row = db.session.get(Challenge, challenge_id, populate_existing=True)
    if row is None or row.face is None or row.expires_at <= now():
        raise ChallengeUnknown
    _check_holder(row, holder)
    if row.claim_digest != claimed_identity.claim_digest(identifier):
        raise ChallengeUnknown
    opened = key_store().secrets.open(row.face, _face_place(row.id))
    return np.frombuffer(opened, ON_DISK).astype(np.float32)


def _running(challenge_id: UUID, holder: str, actor: Actor) -> Challenge:
    row = db.session.get(Challenge, challenge_id, populate_existing=True)
    if row is None or row.face is not None:
        raise ChallengeUnknown
    _check_holder(row, holder)
    out_of_time = row.expires_at <= now() or row.frames >= CHALLENGE_LIMITS.frames
    if out_of_time or row.model_id != active_model().engine.model_id:
        end_unfinished(actor, Challenge.id == challenge_id)
        raise ChallengeOver
    return row


def _check_holder(row: Challenge, holder: str) -> None:
    if not hmac.compare_digest(row.holder_digest, _holder_digest(holder)):
        raise ChallengeUnknown


def _await_enrolment(session: Session, challenge_id: UUID, face: np.ndarray) -> None:
    """Keep the face that passed until the enrolment, and delete all other observations."""
    sealed = key_store().secrets.seal(face.astype(ON_DISK).tobytes(), _face_place(challenge_id))
    lifetime = timedelta(minutes=CHALLENGE_LIMITS.enrolment_minutes)
    waiting = session.execute(
        update(Challenge)
        .where(Challenge.id == challenge_id, Challenge.face.is_(None))
        .values(face=sealed, expires_at=now() + lifetime)
    )
    if cast(CursorResult[object], waiting).rowcount != 1:
        raise ChallengeUnknown
    session.execute(delete(ChallengeFrame).where(ChallengeFrame.challenge_id == challenge_id))


def _holder_digest(holder: str) -> bytes:
    return key_store().secrets.keyed_digest("holder of a challenge", holder)


def _face_place(challenge_id: UUID) -> Place:
    return Place("challenge", challenge_id, "face")

"""Frames of a running challenge: count, encrypt, decrypt."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from ml import Observation
from webapp.crypto.vault import Place
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import Challenge, ChallengeFrame
from webapp.errors.liveness import (
    ChallengeUnknown,
    FrameOutOfOrder,
)


def count_frame(session: Session, challenge_id: UUID, number: int) -> None:
    """Count a frame; of two with the same number, only one is counted, in any process.

    Raises:
        ChallengeUnknown: if the challenge has ended.
        FrameOutOfOrder: if the frame is not the next one.
    """
    counted = session.execute(
        update(Challenge)
        .where(Challenge.id == challenge_id, Challenge.frames == number - 1)
        .values(frames=number)
    )
    if cast(CursorResult[object], counted).rowcount == 1:
        return
    frames = session.scalar(select(Challenge.frames).where(Challenge.id == challenge_id))
    if frames is None:
        raise ChallengeUnknown
    raise FrameOutOfOrder(frames + 1)


def frame_row(challenge_id: UUID, number: int, seen: Observation) -> ChallengeFrame:
    """Return the row that stores the observation of a frame, encrypted."""
    place = _frame_place(challenge_id, number)
    sealed = key_store().secrets.seal(seen.to_bytes(), place)
    return ChallengeFrame(challenge_id=challenge_id, number=number, observation=sealed)


def observations(challenge_id: UUID) -> list[Observation]:
    """Return the observations of the frames so far, in their order."""
    rows = db.session.scalars(
        select(ChallengeFrame)
        .where(ChallengeFrame.challenge_id == challenge_id)
        .order_by(ChallengeFrame.number)
    )
    opened = (
        key_store().secrets.open(row.observation, _frame_place(challenge_id, row.number))
        for row in rows
    )
    return [Observation.from_bytes(data) for data in opened]


def _frame_place(challenge_id: UUID, number: int) -> Place:
    return Place("challenge", challenge_id, f"frame {number}")

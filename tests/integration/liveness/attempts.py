"""Helpers of the tests of challenges."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import select

from tests.support import faces
from tests.support.performing import HOLDER
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import ChallengeResult
from webapp.services.liveness import challenges
from webapp.services.matching import claimed_identity, lockout
from webapp.services.matching.verification import verify_by_challenge


def begun_by(identifier: str = "ada", holder: str = HOLDER) -> UUID:
    return challenges.begin(identifier, holder, SERVER).id


def failures_of(identifier: str) -> int:
    db.session.rollback()
    counter = lockout.Counter(claimed_identity.claim_digest(identifier), lockout.WITH_CHALLENGES)
    return lockout.failures_of(counter).number


def results() -> list[ChallengeResult]:
    db.session.rollback()
    return list(db.session.scalars(select(ChallengeResult).order_by(ChallengeResult.created_at)))


def ended(challenge: UUID) -> list[Callable[[], object]]:
    """Assert that every action on an ended challenge is refused."""
    return [
        lambda: challenges.see(challenge, HOLDER, 1, faces.without_face(), SERVER),
        lambda: verify_by_challenge(challenge, HOLDER, "ada", SERVER),
    ]

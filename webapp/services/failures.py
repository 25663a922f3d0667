"""Failures in a row, counted in the database: shared by all processes, kept over restarts.

Bounds as NIST SP 800-63B-4 sets them for biometrics: after five failures, or ten where attacks with
photos are detected, a wait of 30 seconds that grows, after fifty the end until somebody acts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from webapp.errors import FaceDisabled, MustWait
from webapp.extensions import db
from webapp.models import FailureCount, now

# Made once, and past the session: every verification asks, and every match forgets.
_COUNT = select(FailureCount.failures, FailureCount.last_at).where(
    FailureCount.digest == bindparam("digest")
)
_FORGET = delete(FailureCount).where(FailureCount.digest == bindparam("digest"))


@dataclass(frozen=True)
class Patience:
    """What is borne: free failures, the waits in seconds after more, and how many in all."""

    free: int = 5
    first_wait: int = 30
    longest_wait: int = 3600
    most: int | None = 50

    def wait_after(self, failures: int) -> timedelta:
        """How long nobody may try after so many failures in a row; it doubles."""
        if failures < self.free:
            return timedelta(0)
        doublings = min(failures - self.free, self.longest_wait.bit_length())
        return timedelta(seconds=min(self.first_wait << doublings, self.longest_wait))


WITH_FACES = Patience()
WITH_CHALLENGES = Patience(free=10)
WITH_PASSWORDS = Patience(longest_wait=900, most=None)


@dataclass(frozen=True)
class Failures:
    """How many failures in a row there were, and what they mean."""

    number: int
    disabled: bool


def check(digest: bytes, patience: Patience) -> None:
    """Check that somebody may try now.

    Raises:
        FaceDisabled: if there were too many failures.
        MustWait: if the last failure is too short ago.
    """
    count = db.session.connection().execute(_COUNT, {"digest": digest}).one_or_none()
    if count is None:
        return
    if patience.most is not None and count.failures >= patience.most:
        raise FaceDisabled
    left = count.last_at + patience.wait_after(count.failures) - now()
    if left > timedelta(0):
        raise MustWait(left)


def count_failure(session: Session, digest: bytes) -> int:
    """Count one more failure in the running transaction; returns how many there are in a row."""
    count = session.get(FailureCount, digest, with_for_update=True)
    if count is None:
        count = FailureCount(digest=digest, failures=0)
        session.add(count)
    count.failures, count.last_at = count.failures + 1, now()
    return count.failures


def forget(session: Session, digest: bytes) -> None:
    """Begin to count anew, in the running transaction."""
    session.connection().execute(_FORGET, {"digest": digest})


def move(session: Session, old: bytes, new: bytes) -> None:
    """Count on under another digest what was counted under one, in the running transaction."""
    if old == new:
        return
    forget(session, new)
    session.execute(update(FailureCount).where(FailureCount.digest == old).values(digest=new))


def forget_old(session: Session, before: datetime) -> None:
    """Drop what was counted last before a moment, in the running transaction.

    What keeps somebody out until an administrator acts is kept, whether or not anybody has the
    identifier: else whoever comes back after that time would learn it.
    """
    old = FailureCount.last_at < before, FailureCount.failures < WITH_FACES.most
    session.execute(delete(FailureCount).where(*old))


def failures_of(digest: bytes, patience: Patience) -> Failures:
    """How things stand."""
    count = db.session.get(FailureCount, digest)
    number = count.failures if count else 0
    return Failures(number, patience.most is not None and number >= patience.most)

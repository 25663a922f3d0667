"""Failures, counted in the database: shared by all processes, kept over restarts.

Bounds as NIST SP 800-63B-4 sets them for biometrics: after five failures in a row, or ten where
attacks with photos are detected, a wait of 30 seconds, after fifty the end until somebody acts.
What a network or a browser did is counted beside that, so that its failures slow down itself most.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from sqlalchemy import bindparam, delete, or_, select, update
from sqlalchemy.orm import Session

from webapp.db.engine import db
from webapp.db.models import FailureCount, now
from webapp.errors.matching import FaceDisabled, MustWait

# Made once, and past the session: every verification asks, and every match forgets.
_COUNT = select(FailureCount.failures, FailureCount.last_at).where(
    FailureCount.digest == bindparam("digest")
)
_FORGET = delete(FailureCount).where(FailureCount.digest == bindparam("digest"))
HOUR = timedelta(hours=1)


class Bound(Protocol):
    """How many failures are borne."""

    @property
    def in_a_row(self) -> bool:
        """Whether a success resets the count."""

    @property
    def most(self) -> int | None:
        """After so many in a row only an administrator helps; None for never."""

    def left(self, failures: int, last_at: datetime) -> timedelta:
        """Return how long nobody may try from now on; zero or less for not at all."""

    def counted_at(self, last_at: datetime | None) -> datetime:
        """Return what is kept as `last_at` for a failure now; None before the first."""


@dataclass(frozen=True)
class LockoutPolicy:
    """Failures in a row: free ones, the waits in seconds after more, and how many in all."""

    free: int = 5
    first_wait: int = 30
    longest_wait: int = 3600
    most: int | None = 50
    in_a_row: bool = True

    def wait_after(self, failures: int) -> timedelta:
        """How long nobody may try after so many failures in a row; it doubles."""
        if failures < self.free:
            return timedelta(0)
        doublings = min(failures - self.free, self.longest_wait.bit_length())
        return timedelta(seconds=min(self.first_wait << doublings, self.longest_wait))

    def left(self, failures: int, last_at: datetime) -> timedelta:
        """See `Bound`."""
        return last_at + self.wait_after(failures) - now()

    def counted_at(self, last_at: datetime | None) -> datetime:  # noqa: ARG002
        """See `Bound`."""
        return now()


@dataclass(frozen=True)
class Budget:
    """Failures an hour, whether or not in a row: a leaky bucket (GCRA) of `an_hour`.

    `last_at` is the moment at which all failures will have leaked away. In any 24 hours there are
    at most 25 times `an_hour`.
    """

    an_hour: int
    most: int | None = None
    in_a_row: bool = False

    def left(self, failures: int, last_at: datetime) -> timedelta:  # noqa: ARG002
        """See `Bound`."""
        return last_at + self._each - HOUR - now()

    def counted_at(self, last_at: datetime | None) -> datetime:
        """See `Bound`."""
        return max(last_at or now(), now()) + self._each

    @property
    def _each(self) -> timedelta:
        return HOUR / self.an_hour


BoundT = TypeVar("BoundT", bound=Bound, covariant=True)


@dataclass(frozen=True)
class Counter(Generic[BoundT]):
    """Where failures are counted, and how many are borne; `against` is what all of them tried."""

    digest: bytes
    bound: BoundT
    against: bytes | None = None


@dataclass(frozen=True)
class Failures:
    """How many failures in a row there were, and what they mean."""

    number: int
    disabled: bool


def check(*counters: Counter[Bound]) -> None:
    """Check that somebody may try now, by all of these counters.

    Raises:
        FaceDisabled: if there were too many failures.
        MustWait: if the last failures are too short ago.
    """
    waits = [_left(counter) for counter in counters]
    longest = max(waits, default=timedelta(0))
    if longest > timedelta(0):
        raise MustWait(longest)


def count_failure(session: Session, counter: Counter[Bound]) -> int:
    """Count one more failure in the running transaction; returns how many there are in a row."""
    count = session.get(FailureCount, counter.digest, with_for_update=True)
    if count is None:
        count = FailureCount(digest=counter.digest, failures=0, against=counter.against)
        session.add(count)
    count.failures, count.last_at = count.failures + 1, counter.bound.counted_at(count.last_at)
    return count.failures


def reset(session: Session, *counters: Counter[Bound]) -> None:
    """Reset these counts in the running transaction; others against the same stay."""
    for counter in counters:
        session.connection().execute(_FORGET, {"digest": counter.digest})


def forget(session: Session, digest: bytes) -> None:
    """Reset every count against something, in the running transaction."""
    everything = or_(FailureCount.digest == digest, FailureCount.against == digest)
    session.execute(delete(FailureCount).where(everything))


def move(session: Session, old: bytes, new: bytes) -> None:
    """Count on under another digest what was counted under one, in the running transaction."""
    if old == new:
        return
    forget(session, new)
    session.execute(delete(FailureCount).where(FailureCount.against == old))
    session.execute(update(FailureCount).where(FailureCount.digest == old).values(digest=new))


def forget_old(session: Session, before: datetime) -> None:
    """Drop what was counted last before a moment, in the running transaction.

    What keeps somebody out until an administrator acts is kept, whether or not anybody has the
    identifier: else whoever comes back after that time would learn it.
    """
    ends = or_(FailureCount.failures < FACE_LOCKOUT.most, FailureCount.against.is_not(None))
    session.execute(delete(FailureCount).where(FailureCount.last_at < before, ends))


def failures_of(counter: Counter[Bound]) -> Failures:
    """How things stand."""
    count, most = db.session.get(FailureCount, counter.digest), counter.bound.most
    number = count.failures if count else 0
    return Failures(number, most is not None and number >= most)


def _left(counter: Counter[Bound]) -> timedelta:
    asked = db.session.connection().execute(_COUNT, {"digest": counter.digest})
    count = asked.one_or_none()
    if count is None:
        return timedelta(0)
    most = counter.bound.most
    if most is not None and count.failures >= most:
        raise FaceDisabled
    return counter.bound.left(count.failures, count.last_at)


# Of one claimed identifier, from everywhere; and from one network, once the free failures are over.
FACE_LOCKOUT = LockoutPolicy(longest_wait=30)
WITH_CHALLENGES = LockoutPolicy(free=10, longest_wait=30)
FACES_FROM_A_NETWORK = LockoutPolicy(free=1, most=None)
# Of one account's password from one network, from its site, from everywhere, from a known browser.
FROM_A_NETWORK = LockoutPolicy(longest_wait=900, most=None)
FROM_A_SITE = Budget(an_hour=10)
FROM_EVERYWHERE = Budget(an_hour=50)
FROM_A_KNOWN_BROWSER = LockoutPolicy(longest_wait=900, most=None)
# Of one account's second factor, once the password was right.
WITH_CODES = LockoutPolicy(longest_wait=900, most=None)

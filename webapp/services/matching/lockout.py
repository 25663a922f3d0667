"""Lockout: failures counted in the database, shared by all processes and kept over restarts.

Bounds by NIST SP 800-63B-4 for biometrics: a wait of 30 seconds after five failures in a row, or
after ten with presentation attack detection; after fifty, locked until an administrator acts.
Networks and browsers have counters of their own, so that failures slow down their source most.
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

# Prepared once and run on the connection: every verification queries, every match deletes.
_COUNT = select(FailureCount.failures, FailureCount.last_at).where(
    FailureCount.digest == bindparam("digest")
)
_FORGET = delete(FailureCount).where(FailureCount.digest == bindparam("digest"))
HOUR = timedelta(hours=1)


class Bound(Protocol):
    """Limit on failures."""

    @property
    def in_a_row(self) -> bool:
        """Whether a success resets the count."""

    @property
    def most(self) -> int | None:
        """Failures in a row after which only an administrator can unlock; None for no limit."""

    def left(self, failures: int, last_at: datetime) -> timedelta:
        """Return the remaining wait; zero or negative if there is none."""

    def counted_at(self, last_at: datetime | None) -> datetime:
        """Return `last_at` after a failure now; the argument is None before the first."""


@dataclass(frozen=True)
class LockoutPolicy:
    """Failures in a row: number of free ones, waits in seconds after more, and the maximum."""

    free: int = 5
    first_wait: int = 30
    longest_wait: int = 3600
    most: int | None = 50
    in_a_row: bool = True

    def wait_after(self, failures: int) -> timedelta:
        """Return the wait after this number of failures in a row; it doubles with each."""
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
    """Failures an hour, in a row or not: a leaky bucket (GCRA) of capacity `an_hour`.

    `last_at` is the time at which all failures will have leaked. Any 24 hours allow at most 25
    times `an_hour`.
    """

    an_hour: int
    most: int | None = None
    in_a_row: bool = False

    def left(self, failures: int, last_at: datetime) -> timedelta:  # noqa: ARG002
        """See `Bound`."""
        return last_at + self._leak_interval - HOUR - now()

    def counted_at(self, last_at: datetime | None) -> datetime:
        """See `Bound`."""
        return max(last_at or now(), now()) + self._leak_interval

    @property
    def _leak_interval(self) -> timedelta:
        return HOUR / self.an_hour


BoundT = TypeVar("BoundT", bound=Bound, covariant=True)


@dataclass(frozen=True)
class Counter(Generic[BoundT]):
    """A counter of failures and its limit; `against` identifies what all of its failures tried."""

    digest: bytes
    bound: BoundT
    against: bytes | None = None


@dataclass(frozen=True)
class Failures:
    """Number of failures in a row, and whether they disabled the face."""

    number: int
    disabled: bool


def check(*counters: Counter[Bound]) -> None:
    """Check that no counter forbids an attempt now.

    Raises:
        FaceDisabled: if a counter has reached its maximum.
        MustWait: if a wait has not ended.
    """
    waits = [_left(counter) for counter in counters]
    longest = max(waits, default=timedelta(0))
    if longest > timedelta(0):
        raise MustWait(longest)


def count_failure(session: Session, counter: Counter[Bound]) -> int:
    """Count a failure in the running transaction, and return the number of failures."""
    count = session.get(FailureCount, counter.digest, with_for_update=True)
    if count is None:
        count = FailureCount(digest=counter.digest, failures=0, against=counter.against)
        session.add(count)
    count.failures, count.last_at = count.failures + 1, counter.bound.counted_at(count.last_at)
    return count.failures


def reset(session: Session, *counters: Counter[Bound]) -> None:
    """Reset the counters in the running transaction; others with the same `against` stay."""
    for counter in counters:
        session.connection().execute(_FORGET, {"digest": counter.digest})


def forget(session: Session, digest: bytes) -> None:
    """Delete every counter of a digest, and those against it, in the running transaction."""
    everything = or_(FailureCount.digest == digest, FailureCount.against == digest)
    session.execute(delete(FailureCount).where(everything))


def move(session: Session, old: bytes, new: bytes) -> None:
    """Move a counter to another digest, in the running transaction."""
    if old == new:
        return
    forget(session, new)
    session.execute(delete(FailureCount).where(FailureCount.against == old))
    session.execute(update(FailureCount).where(FailureCount.digest == old).values(digest=new))


def forget_old(session: Session, before: datetime) -> None:
    """Delete counters idle since before `before`, in the running transaction.

    A permanent lockout stays, whether or not the identifier exists. Otherwise a retry after that
    time would reveal which identifiers exist.
    """
    ends = or_(FailureCount.failures < FACE_LOCKOUT.most, FailureCount.against.is_not(None))
    session.execute(delete(FailureCount).where(FailureCount.last_at < before, ends))


def failures_of(counter: Counter[Bound]) -> Failures:
    """Return the number of failures, and whether the maximum is reached."""
    count, most = db.session.get(FailureCount, counter.digest), counter.bound.most
    number = count.failures if count else 0
    return Failures(number, most is not None and number >= most)


def _left(counter: Counter[Bound]) -> timedelta:
    result = db.session.connection().execute(_COUNT, {"digest": counter.digest})
    count = result.one_or_none()
    if count is None:
        return timedelta(0)
    most = counter.bound.most
    if most is not None and count.failures >= most:
        raise FaceDisabled
    return counter.bound.left(count.failures, count.last_at)


# Failures against one claimed identifier, from all networks; and from one network, once the free
# failures are used up.
FACE_LOCKOUT = LockoutPolicy(longest_wait=30)
WITH_CHALLENGES = LockoutPolicy(free=10, longest_wait=30)
FACES_FROM_A_NETWORK = LockoutPolicy(free=1, most=None)
# Failures of one account's password: from one network, its site, all networks, a known browser.
FROM_A_NETWORK = LockoutPolicy(longest_wait=900, most=None)
FROM_A_SITE = Budget(an_hour=10)
FROM_EVERYWHERE = Budget(an_hour=50)
FROM_A_KNOWN_BROWSER = LockoutPolicy(longest_wait=900, most=None)
# Failures of one account's second factor, after a correct password.
WITH_CODES = LockoutPolicy(longest_wait=900, most=None)

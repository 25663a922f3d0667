"""Background work, kept in the database: queued, leased, resumed.

A job is a row. Whoever works takes it by a lease, which ends unless it is renewed: several
processes never do one job twice, and the job of a process that died goes on in another one. Each
process that serves has one `Worker`; `flask jobs run` does what is due and ends, for cron.

To add a kind of work, write a function of a `Lease` in a service, and name it in `KINDS` of
`webapp.startup.job_handlers`:

    KINDS = {"tidy_up": Kind(tidying.tidy_up, every=timedelta(days=1)), …}

The function works in steps that take a few seconds at most, each one `unit_of_work`, and says in
that same transaction how far it is:

    def tidy_up(lease: Lease) -> None:
        while rows := …:
            with unit_of_work() as session:
                …
                lease.advance(session, done, total)

`advance` renews the lease. It raises `LeaseLost` where another process has the job by now, and
`Interrupted` where this process is to stop; both undo the step and are caught here, not by the
function. After any step the function may be started anew, so it finds out by itself what is left.
Any other exception ends the job as failed. A kind with `every` is queued by itself, so often; the
others are queued by `enqueue`.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from threading import Event
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, Select, and_, or_, select, update
from sqlalchemy.orm import Session

from ml import ArtifactError
from webapp.core.events import record_event
from webapp.crypto.vault import VaultError
from webapp.db.engine import db
from webapp.db.models import Job, JobState, now
from webapp.db.models.job import ERROR_LENGTH
from webapp.db.transactions import unit_of_work
from webapp.errors.base import ServiceError

LEASE = timedelta(seconds=90)
# A job that so many processes died of is not given to another one.
MOST_ATTEMPTS = 5
# Errors whose texts are written for people and hold nobody's data.
USER_SAFE_ERRORS = (ServiceError, ArtifactError, VaultError)
log = logging.getLogger("webapp.jobs.queue")

Listener = Callable[[int, int], None]


class LeaseLost(Exception):
    """Another process has the job."""


class Interrupted(Exception):
    """This process is to stop; the job goes on later."""


@dataclass(frozen=True)
class Lease:
    """The right to work on a job, for a while.

    Attributes:
        subject: what the job is about.
        created_by_id: the account that asked for it, None for nobody.
        stopping: set when the process is to stop.
        listener: is told of progress, done and total.
        reason: why the job was asked for, None where nothing was said.
    """

    job_id: UUID
    owner: str
    subject: str
    created_by_id: UUID | None
    stopping: Event
    listener: Listener | None = None
    reason: str | None = None

    def advance(self, session: Session, done: int, total: int) -> None:
        """Note in the running transaction how far the job is, and renew the lease.

        Raises:
            LeaseLost: if another process has the job.
            Interrupted: if this process is to stop.
        """
        if self.stopping.is_set():
            raise Interrupted
        if not self._update(session, done=done, total=total, lease_expires_at=now() + LEASE):
            raise LeaseLost
        if self.listener:
            self.listener(done, total)

    def advance_alone(self, done: int, total: int) -> None:
        """The same in a transaction of its own, after a step that has none to share."""
        with unit_of_work() as session:
            self.advance(session, done, total)

    def give_back(self) -> None:
        """Leave the job to whoever comes next."""
        with unit_of_work() as session:
            self._update(
                session, state=JobState.WAITING, lease_owner=None, attempts=Job.attempts - 1
            )

    def finish(self, state: JobState, error: str | None = None) -> None:
        """End the job."""
        with unit_of_work() as session:
            self._update(session, state=state, error=error, lease_owner=None, finished_at=now())

    def _update(self, session: Session, **values: Any) -> bool:
        result = session.execute(
            update(Job).where(Job.id == self.job_id, Job.lease_owner == self.owner).values(values)
        )
        return isinstance(result, CursorResult) and result.rowcount == 1


@dataclass(frozen=True)
class Kind:
    """A kind of work: what does it, and how often it is queued by itself, if at all."""

    run: Callable[[Lease], None]
    every: timedelta | None = None


Kinds = Mapping[str, Kind]


def enqueue(
    session: Session,
    kind: str,
    subject: str = "",
    created_by: UUID | None = None,
    reason: str | None = None,
) -> UUID:
    """Queue a job in the running transaction; an unfinished one of kind and subject stands for it.

    Returns:
        The job's id.
    """
    queued = session.scalar(
        _newest(kind, subject).where(Job.state.in_([JobState.WAITING, JobState.RUNNING]))
    )
    if queued is None:
        queued = Job(kind=kind, subject=subject, created_by_id=created_by, reason=reason)
        session.add(queued)
        session.flush()
    return queued.id


def newest(kind: str, subject: str = "") -> Job | None:
    """The newest job of a kind and subject."""
    return db.session.scalar(_newest(kind, subject).limit(1))


def unfinished(kind: str) -> Sequence[Job]:
    """The jobs of a kind that wait or run."""
    waiting_or_running = Job.state.in_([JobState.WAITING, JobState.RUNNING])
    return db.session.scalars(select(Job).where(Job.kind == kind, waiting_or_running)).all()


def run_due(kinds: Kinds, stopping: Event) -> int:
    """Work until nothing is due or the process is to stop; returns how many jobs were taken."""
    _queue_periodic(kinds)
    taken = 0
    while not stopping.is_set() and (found := _take(Job.kind.in_(kinds), stopping)):
        kind, lease = found
        _run(kinds[kind], kind, lease)
        taken += 1
    return taken


def run_one(kinds: Kinds, job_id: UUID, listener: Listener) -> bool:
    """Work on one job here and now; False if another process is at it, or it has ended.

    Raises:
        KeyboardInterrupt: if the person at the terminal stops it; the job waits to go on.
    """
    found = _take(Job.id == job_id, Event(), listener)
    if found is None:
        return False
    kind, lease = found
    _run(kinds[kind], kind, lease)
    return True


def _run(kind: Kind, name: str, lease: Lease) -> None:
    try:
        kind.run(lease)
    except LeaseLost:
        record_event("job_lost", kind=name, job=lease.job_id)
    except Interrupted:
        lease.give_back()
    except KeyboardInterrupt:
        lease.give_back()
        raise
    except Exception as error:
        log.error("job %s failed: %s", lease.job_id, safe_message(error))
        lease.finish(JobState.FAILED, safe_message(error)[:ERROR_LENGTH])
    else:
        lease.finish(JobState.DONE)
        record_event("job_done", kind=name, job=lease.job_id)


def _take(
    wanted: ColumnElement[bool], stopping: Event, listener: Listener | None = None
) -> tuple[str, Lease] | None:
    """Lease the oldest job that is wanted and due; its kind and the lease."""
    anything = db.session.scalar(_due(wanted).limit(1)) is not None
    db.session.rollback()
    if not anything:
        return None
    owner = f"{socket.gethostname()[:64]}:{os.getpid()}:{secrets.token_hex(8)}"
    with unit_of_work() as session:
        for job in session.scalars(_due(wanted).with_for_update(skip_locked=True)):
            if job.attempts >= MOST_ATTEMPTS:
                job.state, job.finished_at = JobState.FAILED, now()
                job.error = f"given up: {job.attempts} processes died of it"
                continue
            job.state, job.attempts = JobState.RUNNING, job.attempts + 1
            job.lease_owner, job.lease_expires_at = owner, now() + LEASE
            return job.kind, Lease(
                job.id, owner, job.subject, job.created_by_id, stopping, listener, job.reason
            )
    return None


def _due(wanted: ColumnElement[bool]) -> Select[Job]:
    abandoned = and_(Job.state == JobState.RUNNING, Job.lease_expires_at < now())
    return (
        select(Job)
        .where(wanted, or_(Job.state == JobState.WAITING, abandoned))
        .order_by(Job.created_at, Job.id)
    )


def _newest(kind: str, subject: str) -> Select[Job]:
    of_both = select(Job).where(Job.kind == kind, Job.subject == subject)
    return of_both.order_by(Job.created_at.desc())


def _queue_periodic(kinds: Kinds) -> None:
    for name, kind in kinds.items():
        if kind.every is None or _queued_since(name, kind.every):
            continue
        with unit_of_work() as session:
            if not _queued_since(name, kind.every):
                enqueue(session, name)
    db.session.rollback()


def _queued_since(kind: str, period: timedelta) -> bool:
    recent = select(Job.id).where(Job.kind == kind, Job.created_at > now() - period)
    return db.session.scalar(recent.limit(1)) is not None


def safe_message(error: Exception) -> str:
    """Its text, or code, where it is known to say nothing about anybody; else its type."""
    return str(error) if isinstance(error, USER_SAFE_ERRORS) else type(error).__name__

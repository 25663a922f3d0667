"""Job queue in the database: jobs are queued, leased and resumed.

A job is a row. A process takes it by a lease, which expires unless renewed. So no two processes run
the same job, and the job of a dead process resumes in another one. Each serving process has one
`Worker`; `flask jobs run` runs the due jobs once, for cron.

To add a kind of job, write a function of a `Lease` in a service, and add it to `JOB_HANDLERS` of
`webapp.startup.job_handlers`:

    JOB_HANDLERS = {"tidy_up": Kind(tidying.tidy_up, every=timedelta(days=1)), …}

The function works in steps of a few seconds, each one `unit_of_work`, and records its progress in
the same transaction:

    def tidy_up(lease: Lease) -> None:
        while rows := …:
            with unit_of_work() as session:
                …
                lease.advance(session, done, total)

`advance` renews the lease. It raises `LeaseLost` if another process has the job, and `Interrupted`
if this process is stopping. Both roll back the step and are caught here, not by the function. After
any step the function may be started again, so it must find out what is left. Any other exception
ends the job as failed. A kind with `every` is queued automatically at that interval; `enqueue`
queues the others.
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
from webapp.core.actor import SERVER, Actor
from webapp.core.events import record_event
from webapp.crypto.vault import VaultError
from webapp.db.engine import db
from webapp.db.models import Job, JobState, now
from webapp.db.models.job import ERROR_LENGTH
from webapp.db.transactions import unit_of_work
from webapp.errors.base import ServiceError

LEASE = timedelta(seconds=90)
# Give up on a job after this many crashed processes.
MAX_ATTEMPTS = 5
# Errors whose messages are written for people and contain no personal data.
USER_SAFE_ERRORS = (ServiceError, ArtifactError, VaultError)
log = logging.getLogger("webapp.jobs.queue")

Listener = Callable[[int, int], None]


class LeaseLost(Exception):
    """Another process has the job."""


class Interrupted(Exception):
    """This process is stopping; the job resumes later."""


@dataclass(frozen=True)
class Lease:
    """The temporary right to work on a job.

    Attributes:
        subject: what the job works on.
        actor: the account that requested it; without one, the server.
        stopping: set when the process is stopping.
        listener: called with the progress, done and total.
        reason: why the job was requested, None if not given.
    """

    job_id: UUID
    owner: str
    subject: str
    actor: Actor
    stopping: Event
    listener: Listener | None = None
    reason: str | None = None

    def advance(self, session: Session, done: int, total: int) -> None:
        """Record the progress in the running transaction, and renew the lease.

        Raises:
            LeaseLost: if another process has the job.
            Interrupted: if this process is stopping.
        """
        if self.stopping.is_set():
            raise Interrupted
        if not self._update(session, done=done, total=total, lease_expires_at=now() + LEASE):
            raise LeaseLost
        if self.listener:
            self.listener(done, total)

    def advance_alone(self, done: int, total: int) -> None:
        """Record the progress as `advance` does, in a separate transaction."""
        with unit_of_work() as session:
            self.advance(session, done, total)

    def give_back(self) -> None:
        """Return the job to the queue without counting an attempt."""
        with unit_of_work() as session:
            self._update(
                session, state=JobState.WAITING, lease_owner=None, attempts=Job.attempts - 1
            )

    def finish(self, state: JobState, error: str | None = None) -> None:
        """End the job in a final state."""
        with unit_of_work() as session:
            self._update(session, state=state, error=error, lease_owner=None, finished_at=now())

    def _update(self, session: Session, **values: Any) -> bool:
        result = session.execute(
            update(Job).where(Job.id == self.job_id, Job.lease_owner == self.owner).values(values)
        )
        return isinstance(result, CursorResult) and result.rowcount == 1


@dataclass(frozen=True)
class Kind:
    """A kind of job: its function, and the interval at which it is queued, None for never."""

    run: Callable[[Lease], None]
    every: timedelta | None = None


Kinds = Mapping[str, Kind]


def enqueue(
    session: Session,
    kind: str,
    subject: str = "",
    actor: Actor = SERVER,
    reason: str | None = None,
) -> UUID:
    """Queue a job in the running transaction, unless an unfinished one of the same subject exists.

    Returns:
        The id of the new or the unfinished job.
    """
    queued = session.scalar(
        _newest(kind, subject).where(Job.state.in_([JobState.WAITING, JobState.RUNNING]))
    )
    if queued is None:
        queued = Job(kind=kind, subject=subject, created_by_id=actor.account, reason=reason)
        session.add(queued)
        session.flush()
    return queued.id


def newest(kind: str, subject: str = "") -> Job | None:
    """Return the newest job of a kind and subject."""
    return db.session.scalar(_newest(kind, subject).limit(1))


def unfinished(kind: str) -> Sequence[Job]:
    """Return the jobs of a kind that wait or run."""
    waiting_or_running = Job.state.in_([JobState.WAITING, JobState.RUNNING])
    return db.session.scalars(select(Job).where(Job.kind == kind, waiting_or_running)).all()


def run_due(kinds: Kinds, stopping: Event) -> int:
    """Run jobs until none is due or the process is stopping; return the number of jobs taken."""
    _queue_periodic(kinds)
    taken = 0
    while not stopping.is_set() and (found := _take(Job.kind.in_(kinds), stopping)):
        kind, lease = found
        _run(kinds[kind], kind, lease)
        taken += 1
    return taken


def run_one(kinds: Kinds, job_id: UUID, listener: Listener) -> bool:
    """Run one job now; return False if another process runs it, or it has ended.

    Raises:
        KeyboardInterrupt: if the operator stops it; the job returns to the queue.
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
    condition: ColumnElement[bool], stopping: Event, listener: Listener | None = None
) -> tuple[str, Lease] | None:
    """Lease the oldest due job that meets a condition; return its kind and the lease."""
    is_any_due = db.session.scalar(_due(condition).limit(1)) is not None
    db.session.rollback()
    if not is_any_due:
        return None
    owner = f"{socket.gethostname()[:64]}:{os.getpid()}:{secrets.token_hex(8)}"
    with unit_of_work() as session:
        for job in session.scalars(_due(condition).with_for_update(skip_locked=True)):
            if job.attempts >= MAX_ATTEMPTS:
                job.state, job.finished_at = JobState.FAILED, now()
                job.error = f"given up after {job.attempts} crashed processes"
                continue
            job.state, job.attempts = JobState.RUNNING, job.attempts + 1
            job.lease_owner, job.lease_expires_at = owner, now() + LEASE
            return job.kind, Lease(
                job.id,
                owner,
                job.subject,
                Actor(job.created_by_id),
                stopping,
                listener,
                job.reason,
            )
    return None


def _due(condition: ColumnElement[bool]) -> Select[Job]:
    abandoned = and_(Job.state == JobState.RUNNING, Job.lease_expires_at < now())
    return (
        select(Job)
        .where(condition, or_(Job.state == JobState.WAITING, abandoned))
        .order_by(Job.created_at, Job.id)
    )


def _newest(kind: str, subject: str) -> Select[Job]:
    matching = select(Job).where(Job.kind == kind, Job.subject == subject)
    return matching.order_by(Job.created_at.desc())


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
    """Return an error's message if it holds no personal data, otherwise the name of its type."""
    return str(error) if isinstance(error, USER_SAFE_ERRORS) else type(error).__name__

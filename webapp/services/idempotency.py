"""Idempotency: answer a request that is sent again from the record of the first."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ml import FaceError
from webapp.crypto.vault import Place
from webapp.db.key_store import key_store
from webapp.db.models import IdempotencyRecord, now
from webapp.db.transactions import one_transaction, retry_on_conflict, unit_of_work
from webapp.errors.api import IdempotencyKeyReused, RequestInProgress
from webapp.errors.base import ServiceError

KEPT = timedelta(hours=24)
# A request in progress for longer died with its process.
LONGEST_AT_WORK = timedelta(minutes=2)


@dataclass(frozen=True)
class Request:
    """A request that may be sent again.

    Attributes:
        sender: API key; the same name from another sender is another request.
        name: idempotency key.
        content: the request's content, including its path.
    """

    sender: UUID
    name: str
    content: bytes

    @property
    def digest(self) -> bytes:
        """Keyed digest of sender and name."""
        return key_store().secrets.keyed_digest("idempotency key", f"{self.sender.hex} {self.name}")

    @property
    def content_digest(self) -> bytes:
        """Keyed digest of the content."""
        return key_store().secrets.keyed_digest("idempotent request", sha256(self.content).digest())


@dataclass(frozen=True)
class Answer:
    """A recorded answer, and the person that it is about, if any."""

    status: int
    body: bytes
    person_id: UUID | None = None


@retry_on_conflict
def run_once(request: Request, work: Callable[[], Answer]) -> Answer:
    """Run the work of a request once, or return the recorded answer.

    The work and its record commit together, so a crash cannot separate them. Refusals are not
    recorded and may be retried; what they counted stays counted. The work runs again if the
    database rolls the transaction back because of a conflict.

    Raises:
        IdempotencyKeyReused: if another request has used the name.
        RequestInProgress: if the same request is in progress.
    """
    run_id = uuid4()
    remembered = _begin(request, run_id)
    if remembered:
        return remembered
    try:
        with one_transaction():
            done = _done(work)
            if isinstance(done, Answer):
                _remember(run_id, done)
                return done
        raise done
    except BaseException:
        _forget(run_id)
        raise


def _done(work: Callable[[], Answer]) -> Answer | ServiceError | FaceError:
    """Return the answer or the refusal; a refusal must not roll the transaction back."""
    try:
        return work()
    except (ServiceError, FaceError) as refusal:
        return refusal


def forget_old() -> None:
    """Delete records older than KEPT."""
    with unit_of_work() as session:
        _forget_old(session)


def _begin(request: Request, run_id: UUID) -> Answer | None:
    """Return the recorded answer; None after claiming the request for `run_id`."""
    with unit_of_work() as session:
        _forget_old(session)
        row = session.get(IdempotencyRecord, request.digest)
        if row and row.answer is None and row.created_at < now() - LONGEST_AT_WORK:
            session.delete(row)
            session.flush()
            row = None
        if row is None:
            session.add(
                IdempotencyRecord(
                    digest=request.digest, id=run_id, request_digest=request.content_digest
                )
            )
            try:
                session.flush()
            except IntegrityError as error:  # the same request began concurrently
                raise RequestInProgress from error
            return None
        if not hmac.compare_digest(row.request_digest, request.content_digest):
            raise IdempotencyKeyReused
        if row.answer is None or row.status is None:
            raise RequestInProgress
        return Answer(row.status, key_store().secrets.open(row.answer, _place(row)))


def _forget_old(session: Session) -> None:
    session.execute(delete(IdempotencyRecord).where(IdempotencyRecord.created_at < now() - KEPT))


def _remember(run_id: UUID, answer: Answer) -> None:
    with unit_of_work() as session:
        row = session.scalar(select(IdempotencyRecord).where(IdempotencyRecord.id == run_id))
        if row is None:  # LONGEST_AT_WORK passed, and another request took over
            raise RequestInProgress
        row.status, row.person_id = answer.status, answer.person_id
        row.answer = key_store().secrets.seal(answer.body, _place(row))


def _forget(run_id: UUID) -> None:
    with unit_of_work() as session:
        session.execute(delete(IdempotencyRecord).where(IdempotencyRecord.id == run_id))


def _place(row: IdempotencyRecord) -> Place:
    return Place("remembered_answer", row.id, "answer")

"""Requests that are sent again: what was created once is answered once more, not created twice."""

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
# A request at work for longer than this died with its process.
LONGEST_AT_WORK = timedelta(minutes=2)


@dataclass(frozen=True)
class Request:
    """A request that may be sent again.

    Attributes:
        sender: who sends it; the same name of somebody else is another request.
        name: by which it is known again.
        content: what it asks for, its place included.
    """

    sender: UUID
    name: str
    content: bytes

    @property
    def digest(self) -> bytes:
        """What stands for sender and name."""
        return key_store().secrets.keyed_digest("idempotency key", f"{self.sender.hex} {self.name}")

    @property
    def content_digest(self) -> bytes:
        """What stands for the content, under the installation's key."""
        return key_store().secrets.keyed_digest("idempotent request", sha256(self.content).digest())


@dataclass(frozen=True)
class Answer:
    """What was answered, and the person that it tells of, if any."""

    status: int
    body: bytes
    person_id: UUID | None = None


@retry_on_conflict
def once(request: Request, work: Callable[[], Answer]) -> Answer:
    """Do the work of a request, or repeat the answer to it where it was done before.

    Work and memory are one transaction, so that no death of a process comes between them. What is
    refused is not remembered, and may be tried again; what it counted stays counted. Where the
    transaction is undone for another's sake, the work is done again.

    Raises:
        RequestDiffers: if another request has the name.
        AnsweredElsewhere: if the same request is at work right now.
    """
    turn = uuid4()
    remembered = _begin(request, turn)
    if remembered:
        return remembered
    try:
        with one_transaction():
            done = _done(work)
            if isinstance(done, Answer):
                _remember(turn, done)
                return done
        raise done
    except BaseException:
        _forget(turn)
        raise


def _done(work: Callable[[], Answer]) -> Answer | ServiceError | FaceError:
    """The answer, or why there is none: that undoes nothing."""
    try:
        return work()
    except (ServiceError, FaceError) as refusal:
        return refusal


def forget_old() -> None:
    """Delete the answers that are remembered for long enough."""
    with unit_of_work() as session:
        _forget_old(session)


def _begin(request: Request, turn: UUID) -> Answer | None:
    """The answer that is remembered; None where the request is ours to do, in this turn."""
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
                    digest=request.digest, id=turn, request_digest=request.content_digest
                )
            )
            try:
                session.flush()
            except IntegrityError as error:  # the same request began at the same moment
                raise RequestInProgress from error
            return None
        if not hmac.compare_digest(row.request_digest, request.content_digest):
            raise IdempotencyKeyReused
        if row.answer is None or row.status is None:
            raise RequestInProgress
        return Answer(row.status, key_store().secrets.open(row.answer, _place(row)))


def _forget_old(session: Session) -> None:
    session.execute(delete(IdempotencyRecord).where(IdempotencyRecord.created_at < now() - KEPT))


def _remember(turn: UUID, answer: Answer) -> None:
    with unit_of_work() as session:
        row = session.scalar(select(IdempotencyRecord).where(IdempotencyRecord.id == turn))
        if row is None:  # it took so long that somebody else took over: the work is theirs
            raise RequestInProgress
        row.status, row.person_id = answer.status, answer.person_id
        row.answer = key_store().secrets.seal(answer.body, _place(row))


def _forget(turn: UUID) -> None:
    with unit_of_work() as session:
        session.execute(delete(IdempotencyRecord).where(IdempotencyRecord.id == turn))


def _place(row: IdempotencyRecord) -> Place:
    return Place("remembered_answer", row.id, "answer")

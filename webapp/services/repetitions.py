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

from webapp.database import unit_of_work
from webapp.errors import AnsweredElsewhere, RequestDiffers
from webapp.models import Person, RememberedAnswer, now
from webapp.recognition import recognition
from webapp.vault import Place

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
        return recognition().secrets.keyed_digest(
            "idempotency key", f"{self.sender.hex} {self.name}"
        )

    @property
    def content_digest(self) -> bytes:
        """What stands for the content, under the installation's key."""
        return recognition().secrets.keyed_digest(
            "idempotent request", sha256(self.content).digest()
        )


@dataclass(frozen=True)
class Answer:
    """What was answered, and the person that it tells of, if any."""

    status: int
    body: bytes
    person_id: UUID | None = None


def once(request: Request, work: Callable[[], Answer]) -> Answer:
    """Do the work of a request, or repeat the answer to it where it was done before.

    What fails is not remembered: it changed nothing, and may be tried again.

    Raises:
        RequestDiffers: if another request has the name.
        AnsweredElsewhere: if the same request is at work right now.
    """
    turn = uuid4()
    remembered = _begin(request, turn)
    if remembered:
        return remembered
    try:
        answer = work()
    except BaseException:
        _forget(turn)
        raise
    _remember(turn, answer)
    return answer


def _begin(request: Request, turn: UUID) -> Answer | None:
    """The answer that is remembered; None where the request is ours to do, in this turn."""
    with unit_of_work() as session:
        session.execute(delete(RememberedAnswer).where(RememberedAnswer.created_at < now() - KEPT))
        row = session.get(RememberedAnswer, request.digest)
        if row and row.answer is None and row.created_at < now() - LONGEST_AT_WORK:
            session.delete(row)
            session.flush()
            row = None
        if row is None:
            session.add(
                RememberedAnswer(
                    digest=request.digest, id=turn, request_digest=request.content_digest
                )
            )
            try:
                session.flush()
            except IntegrityError as error:  # the same request began at the same moment
                raise AnsweredElsewhere from error
            return None
        if not hmac.compare_digest(row.request_digest, request.content_digest):
            raise RequestDiffers
        if row.answer is None or row.status is None:
            raise AnsweredElsewhere
        return Answer(row.status, recognition().secrets.open(row.answer, _place(row)))


def _remember(turn: UUID, answer: Answer) -> None:
    with unit_of_work() as session:
        row = session.scalar(select(RememberedAnswer).where(RememberedAnswer.id == turn))
        if row is None:
            return  # it took so long that somebody else took over
        if answer.person_id and session.get(Person, answer.person_id) is None:
            session.delete(row)  # deleted meanwhile: nothing of them is kept
            return
        row.status, row.person_id = answer.status, answer.person_id
        row.answer = recognition().secrets.seal(answer.body, _place(row))


def _forget(turn: UUID) -> None:
    with unit_of_work() as session:
        session.execute(delete(RememberedAnswer).where(RememberedAnswer.id == turn))


def _place(row: RememberedAnswer) -> Place:
    return Place("remembered_answer", row.id, "answer")

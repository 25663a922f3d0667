from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from ml import NoFace
from tests.support.installation import rows_stored
from webapp.db.engine import db
from webapp.db.models import IdempotencyRecord, Kind, Refusal
from webapp.db.transactions import unit_of_work
from webapp.errors.api import IdempotencyKeyReused, RequestInProgress
from webapp.errors.people import UnknownPerson
from webapp.services.attempts import attempt_log
from webapp.services.cleanup import purge_expired
from webapp.services.idempotency import KEPT, LONGEST_AT_WORK, Answer, Request, run_once

ASKED = Request(UUID(int=1), "one", b"content")


def answering(body: bytes):
    return lambda: Answer(201, body)


def never() -> Answer:
    raise AssertionError("done twice")


def let_pass(time: timedelta) -> None:
    with unit_of_work() as session:
        row = session.scalar(select(IdempotencyRecord))
        session.execute(update(IdempotencyRecord).values(created_at=row.created_at - time))


def test_a_running_request_is_not_started_twice(app: Flask) -> None:
    def asking_again() -> Answer:
        with pytest.raises(RequestInProgress):
            run_once(ASKED, never)
        return Answer(201, b"first")

    assert run_once(ASKED, asking_again).body == b"first"
    assert run_once(ASKED, never) == Answer(201, b"first")


class Killed(BaseException):
    """A kill in the middle of a process's work."""


def storing(body: bytes, *, then_dies: bool = False):
    """Return work that stores a row, here a count of refusals, and answers."""

    def work() -> Answer:
        with unit_of_work() as session:
            session.add(Refusal(kind=Kind.VERIFY, code="no_face"))
        if then_dies:
            raise Killed
        return Answer(201, body)

    return work


def elsewhere(app: Flask, work: Callable[[], object]) -> object:
    """Run a function as another process would, in a transaction of its own."""

    def in_a_context_of_its_own() -> object:
        with app.app_context():
            return work()

    return Context().run(in_a_context_of_its_own)


def test_a_request_that_dies_after_its_work_is_done_once(app: Flask) -> None:
    with pytest.raises(Killed):
        run_once(ASKED, storing(b"first", then_dies=True))
    assert rows_stored()["refusal"] == 0

    for _ in range(2):
        assert run_once(ASKED, storing(b"second")).body == b"second"
    assert rows_stored()["refusal"] == 1


def test_an_answer_that_cannot_be_remembered_undoes_its_work(app: Flask) -> None:
    def forgotten_meanwhile() -> Answer:
        with unit_of_work() as session:
            session.execute(delete(IdempotencyRecord))
        return storing(b"first")()

    with pytest.raises(RequestInProgress):
        run_once(ASKED, forgotten_meanwhile)

    assert rows_stored()["refusal"] == 0


def test_a_dead_processs_request_is_restarted_and_done_once(app: Flask) -> None:
    def slow() -> Answer:
        elsewhere(app, lambda: let_pass(LONGEST_AT_WORK + timedelta(seconds=1)))
        taken_over = elsewhere(app, lambda: run_once(ASKED, storing(b"second")))
        assert taken_over == Answer(201, b"second")
        return storing(b"first")()

    with pytest.raises(RequestInProgress):
        run_once(ASKED, slow)

    assert run_once(ASKED, never).body == b"second"
    assert rows_stored()["refusal"] == 1


@pytest.mark.parametrize("refusal", [NoFace, UnknownPerson])
@pytest.mark.parametrize("inside", [True, False])
def test_counters_raised_before_a_refusal_stay(
    app: Flask, refusal: type[Exception], inside: bool
) -> None:
    """A failed unit of work rolls back its own changes alone."""

    def refusing() -> Answer:
        attempt_log.record_refusal(Kind.VERIFY, NoFace())
        if not inside:
            raise refusal
        with unit_of_work() as session:
            session.add(Refusal(kind=Kind.VERIFY, code="never stored"))
            session.flush()
            raise refusal

    with pytest.raises(refusal):
        run_once(ASKED, refusing)

    assert [one.code for one in db.session.scalars(select(Refusal))] == ["no_face"]
    assert rows_stored()["remembered_answer"] == 0


def test_an_answer_is_deleted_after_its_time(app: Flask) -> None:
    run_once(ASKED, answering(b"first"))
    let_pass(KEPT + timedelta(seconds=1))

    assert run_once(ASKED, answering(b"second")).body == b"second"


def test_old_answers_are_deleted_without_further_requests(app: Flask) -> None:
    run_once(ASKED, answering(b"Ada Lovelace"))
    purge_expired()
    assert rows_stored()["remembered_answer"] == 1
    let_pass(KEPT + timedelta(seconds=1))

    purge_expired()

    assert rows_stored()["remembered_answer"] == 0


def test_another_sender_may_use_the_same_name_and_another_content_may_not(app: Flask) -> None:
    run_once(ASKED, answering(b"first"))

    assert run_once(Request(UUID(int=2), "one", b"content"), answering(b"theirs")).body == b"theirs"
    with pytest.raises(IdempotencyKeyReused):
        run_once(Request(UUID(int=1), "one", b"other"), never)


def test_remembered_answers_are_encrypted(app: Flask) -> None:
    run_once(ASKED, answering(b"Ada Lovelace"))

    row = db.session.scalar(select(IdempotencyRecord))
    assert b"Ada" not in row.answer
    assert b"one" not in row.digest

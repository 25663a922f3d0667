from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from webapp.database import unit_of_work
from webapp.errors import AnsweredElsewhere, RequestDiffers
from webapp.extensions import db
from webapp.models import RememberedAnswer
from webapp.services.repetitions import KEPT, LONGEST_AT_WORK, Answer, Request, once

ASKED = Request(UUID(int=1), "one", b"content")


def answering(body: bytes):
    return lambda: Answer(201, body)


def never() -> Answer:
    raise AssertionError("done twice")


def let_pass(time: timedelta) -> None:
    with unit_of_work() as session:
        row = session.scalar(select(RememberedAnswer))
        session.execute(update(RememberedAnswer).values(created_at=row.created_at - time))


def test_what_is_at_work_is_not_begun_a_second_time(app: Flask) -> None:
    def asking_again() -> Answer:
        with pytest.raises(AnsweredElsewhere):
            once(ASKED, never)
        return Answer(201, b"first")

    assert once(ASKED, asking_again).body == b"first"
    assert once(ASKED, never) == Answer(201, b"first")


def test_what_a_dead_process_began_is_begun_anew(app: Flask) -> None:
    class Killed(BaseException):
        pass

    def dying() -> Answer:
        let_pass(LONGEST_AT_WORK + timedelta(seconds=1))
        assert once(ASKED, answering(b"second")).body == b"second"
        raise Killed

    with pytest.raises(Killed):
        once(ASKED, dying)
    assert once(ASKED, never).body == b"second"


def test_an_answer_is_forgotten_after_its_time(app: Flask) -> None:
    once(ASKED, answering(b"first"))
    let_pass(KEPT + timedelta(seconds=1))

    assert once(ASKED, answering(b"second")).body == b"second"


def test_another_sender_may_use_the_same_name_and_another_content_may_not(app: Flask) -> None:
    once(ASKED, answering(b"first"))

    assert once(Request(UUID(int=2), "one", b"content"), answering(b"theirs")).body == b"theirs"
    with pytest.raises(RequestDiffers):
        once(Request(UUID(int=1), "one", b"other"), never)


def test_what_is_remembered_is_sealed(app: Flask) -> None:
    once(ASKED, answering(b"Ada Lovelace"))

    row = db.session.scalar(select(RememberedAnswer))
    assert b"Ada" not in row.answer
    assert b"one" not in row.digest

from __future__ import annotations

import sqlite3
from contextlib import closing
from threading import Thread

import pytest
from flask import Flask
from flask_migrate import downgrade
from siamese_faces import Client, Person, Problem

from tests.support.installation import break_inserts, rows_stored
from tests.support.programs import program
from webapp.db import engine as database
from webapp.db.engine import db
from webapp.inference.face_slots import FaceSlots, face_slots
from webapp.settings import Settings


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make connections wait only a moment for locks."""
    patient = [pragma for pragma in database.PRAGMAS if "busy" not in pragma]
    monkeypatch.setattr(database, "PRAGMAS", (*patient, "busy_timeout = 50"))


@pytest.mark.sqlite
def test_writing_programs_receive_a_retry_time_during_a_lock(
    app: Flask, settings: Settings, client: Client, people, impatient: None
) -> None:
    before = rows_stored()
    with closing(sqlite3.connect(settings.instance / "faces.db", isolation_level=None)) as other:
        db.session.remove()
        db.engine.dispose()
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Problem) as refused:
            client.enrol("ada", "Ada", people[0].photos[:1], consent=True)
        assert (refused.value.status, refused.value.code) == (503, "unavailable")
        assert client.thresholds().verification.number == 0  # reads continue
        change = {"score": 60, "reason": "locked"}
        reported = client.http.put("/thresholds/verification", json=change)
        assert int(reported.headers["Retry-After"]) >= 1
        other.execute("ROLLBACK")

    assert rows_stored() == before
    assert client.enrol("ada", "Ada", people[0].photos[:1], consent=True).pictures == 1


def test_an_answer_that_cannot_be_audited_is_withheld(
    app: Flask, settings: Settings, client: Client
) -> None:
    break_inserts("audit_entry", "full")

    with pytest.raises(Problem) as refused:
        client.thresholds()

    assert (refused.value.status, refused.value.code) == (503, "unavailable")


def test_programs_receive_a_retry_time_while_the_queue_is_full(
    app: Flask, client: Client, people, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "face_slots", FaceSlots(1, 0, 1))
    with face_slots().slot():
        for ask in (
            lambda: client.detect(people[0].photos[0]),
            lambda: client.compare(people[0].photos[0], people[0].photos[1]),
            lambda: client.enrol("ada", "Ada", people[0].photos[:1], consent=True),
        ):
            with pytest.raises(Problem) as refused:
                ask()
            assert (refused.value.status, refused.value.code) == (429, "busy")
    assert client.enrol("ada", "Ada", people[0].photos[:1], consent=True).pictures == 1


def test_a_request_that_finds_the_queue_full_is_neither_authenticated_nor_audited(
    app: Flask, client: Client, people, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "face_slots", FaceSlots(1, 0, 1))
    before, stranger = rows_stored(), program(app, "sf_unknown_key")
    with face_slots().place():
        for anybody in (client, stranger):
            with pytest.raises(Problem) as refused:
                anybody.verify("ada", [people[0].photos[0]])
            assert (refused.value.status, refused.value.code) == (429, "busy")
    assert rows_stored() == before
    with pytest.raises(Problem) as refused:
        stranger.verify("ada", [people[0].photos[0]])
    assert refused.value.status == 401


def refusals(client: Client, photo: bytes) -> list[tuple[int, str]]:
    """Return the refusals of a read, a decision and an enrolment."""
    answers = []
    for ask in (
        lambda: client.thresholds(),
        lambda: client.verify("ada", [photo]),
        lambda: client.enrol("bob", "Bob", [photo], consent=True, accept_doubts=True),
    ):
        with pytest.raises(Problem) as refused:
            ask()
        answers.append((refused.value.status, refused.value.code))
    return answers


@pytest.fixture
def ada(app: Flask, enrol) -> None:
    enrol("ada", photos=1)


def let_go() -> None:
    """Close every connection to the database."""
    db.session.remove()
    db.engine.dispose()


@pytest.mark.sqlite
def test_programs_receive_a_retry_time_while_the_database_is_absent(
    ada, settings: Settings, client: Client, people
) -> None:
    before, file = rows_stored(), settings.instance / "faces.db"
    let_go()
    away = file.rename(settings.instance / "away.db")
    file.mkdir()

    answers = refusals(client, people[0].photos[0])
    obstacles = client.health().obstacles

    let_go()
    file.rmdir()
    away.rename(file)
    assert set(answers) == {(503, "unavailable")}
    assert "database" in obstacles
    assert rows_stored() == before
    assert client.verify("ada", people[0].photos[:1]).match


@pytest.mark.sqlite
def test_nothing_is_answered_from_a_database_that_cannot_be_written(
    ada, settings: Settings, client: Client, people, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows_stored()
    let_go()
    with monkeypatch.context() as read_only:
        read_only.setattr(database, "PRAGMAS", (*database.PRAGMAS, "query_only = ON"))
        answers = refusals(client, people[0].photos[0])
        obstacles = client.health().obstacles
        let_go()

    assert set(answers) == {(503, "unavailable")}
    assert "database" in obstacles
    assert rows_stored() == before
    assert client.verify("ada", people[0].photos[:1]).match


def test_a_database_of_an_older_version_is_not_served(
    ada, app: Flask, client: Client, people
) -> None:
    db.session.remove()
    downgrade(revision="0005")  # a version before API keys existed

    answers = refusals(client, people[0].photos[0])
    obstacles = client.health().obstacles

    assert set(answers) == {(503, "unavailable")}
    assert "database" in obstacles


@pytest.mark.sqlite
def test_a_slow_database_is_waited_for(
    app: Flask, settings: Settings, client: Client, people
) -> None:
    enrolled: list[Person] = []

    def enrol() -> None:
        enrolled.append(client.enrol("ada", "Ada", people[0].photos[:1], consent=True))

    with closing(sqlite3.connect(settings.instance / "faces.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        asking = Thread(target=enrol)
        asking.start()
        asking.join(timeout=0.5)  # it cannot commit while another connection writes
        assert asking.is_alive()
        other.execute("ROLLBACK")
        asking.join()

    assert [person.identifier for person in enrolled] == ["ada"]

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from flask import Flask
from siamese_faces import Client, Problem

from tests.installation import break_inserts, rows_stored
from webapp import database
from webapp.config import Settings
from webapp.extensions import db
from webapp.recognition import recognition
from webapp.turns import Turns


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections that wait for others' locks for a moment only."""
    patient = [pragma for pragma in database.PRAGMAS if "busy" not in pragma]
    monkeypatch.setattr(database, "PRAGMAS", (*patient, "busy_timeout = 50"))


@pytest.mark.sqlite
def test_while_the_database_is_locked_programs_are_told_to_come_back(
    app: Flask, settings: Settings, client: Client, people, impatient: None
) -> None:
    before = rows_stored()
    with closing(sqlite3.connect(settings.instance / "faces.db", isolation_level=None)) as other:
        db.session.remove()
        db.engine.dispose()
        other.execute("BEGIN IMMEDIATE")
        for ask in (
            lambda: client.enrol("ada", "Ada", people[0].photos[:1], consent=True),
            lambda: client.thresholds(),
        ):
            with pytest.raises(Problem) as refused:
                ask()
            assert (refused.value.status, refused.value.code) == (503, "unavailable")
        assert client.health().obstacles == ["database"]
        other.execute("ROLLBACK")

    assert rows_stored() == before
    assert client.enrol("ada", "Ada", people[0].photos[:1], consent=True).pictures == 1


def test_an_answer_whose_use_cannot_be_audited_is_not_given(
    app: Flask, settings: Settings, client: Client
) -> None:
    break_inserts("audit_entry", "full")

    with pytest.raises(Problem) as refused:
        client.thresholds()

    assert (refused.value.status, refused.value.code) == (503, "unavailable")


def test_while_others_have_their_turn_programs_are_told_when_to_come_back(
    app: Flask, client: Client, people, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognition(), "turns", Turns(1, 0, 1))
    with recognition().turns.turn():
        for ask in (
            lambda: client.detect(people[0].photos[0]),
            lambda: client.compare(people[0].photos[0], people[0].photos[1]),
            lambda: client.enrol("ada", "Ada", people[0].photos[:1], consent=True),
        ):
            with pytest.raises(Problem) as refused:
                ask()
            assert (refused.value.status, refused.value.code) == (429, "busy")
    assert client.enrol("ada", "Ada", people[0].photos[:1], consent=True).pictures == 1

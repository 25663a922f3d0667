from __future__ import annotations

import shutil
import sqlite3
from collections import namedtuple
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event

from tests.support.changed import changed
from tests.support.installation import OPERATOR, Visitor, rows_stored, words
from webapp import create_app
from webapp.db import engine as database
from webapp.db.engine import db
from webapp.settings import Settings
from webapp.startup import readiness
from webapp.startup.readiness import obstacles

SHORT_MS = 50


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make connections wait only a moment for locks."""
    patient = database.PRAGMAS
    monkeypatch.setattr(
        database,
        "PRAGMAS",
        (*(p for p in patient if "busy" not in p), f"busy_timeout = {SHORT_MS}"),
    )


@pytest.fixture
def locked(impatient: None, settings: Settings, app: Flask) -> Iterator[None]:
    """Hold the write lock until the context ends."""
    db.session.remove()
    db.engine.dispose()
    with closing(sqlite3.connect(settings.instance / "faces.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def enrol_by_page(visitor: Visitor, photo: bytes):
    return visitor.post(
        "/people/new", {"images": [photo]}, identifier="ada", name="Ada", consent="y"
    )


@pytest.mark.sqlite
def test_pages_report_a_lock_and_health_a_lasting_one(
    operator: Visitor, people, app: Flask, locked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = enrol_by_page(operator, people[0].photos[0])

    assert answer.status_code == 503
    assert "nothing was lost" in words(answer)
    assert obstacles(app) == set()
    monkeypatch.setattr(readiness, "MAX_LOCK", timedelta(0))
    assert obstacles(app) == {"database"}


@pytest.mark.sqlite
def test_requests_succeed_after_the_lock_ends(
    app: Flask, operator: Visitor, people, impatient: None, settings: Settings
) -> None:
    with closing(sqlite3.connect(settings.instance / "faces.db", isolation_level=None)) as other:
        db.session.remove()
        db.engine.dispose()
        other.execute("BEGIN IMMEDIATE")
        assert enrol_by_page(operator, people[0].photos[0]).status_code == 503
        other.execute("ROLLBACK")

    assert enrol_by_page(operator, people[0].photos[0]).status_code == 302
    assert rows_stored()["person"] == 1


@pytest.mark.sqlite
@pytest.mark.parametrize("fault", ["read-only", "full"])
def test_pages_report_a_read_only_database_and_lose_no_input(
    app: Flask, operator: Visitor, people, enrol, fault: str
) -> None:
    enrol("bob", photos=1)
    before = rows_stored()
    db.session.remove()
    db.engine.dispose()
    pragma = {"read-only": "query_only = ON", "full": "max_page_count = 1"}[fault]

    def break_connection(connection, _record) -> None:
        connection.execute(f"PRAGMA {pragma}")

    event.listen(db.engine, "connect", break_connection)
    answer = enrol_by_page(operator, people[0].photos[0])
    event.remove(db.engine, "connect", break_connection)
    db.engine.dispose()

    assert answer.status_code == 503
    assert "nothing was lost" in words(answer)
    stored = rows_stored()
    assert {name: stored[name] for name in ("person", "anchor", "person_key")} == {
        name: before[name] for name in ("person", "anchor", "person_key")
    }


@pytest.mark.sqlite
def test_health_reports_a_read_only_database(app: Flask) -> None:
    db.session.remove()
    db.engine.dispose()

    def break_connection(connection, _record) -> None:
        connection.execute("PRAGMA query_only = ON")

    event.listen(db.engine, "connect", break_connection)

    assert obstacles(app) == {"database"}


def test_health_reports_a_full_disk(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10**9, 10**9, 10**6))

    assert obstacles(app) == {"disk space"}
    assert readiness.MIN_FREE_BYTES > 10**6


def test_without_the_model_pages_and_health_report_it(
    settings: Settings, people, tmp_path: Path
) -> None:
    app = create_app(changed(settings, artifacts=tmp_path))
    visitor = Visitor(app)
    visitor.sign_in(OPERATOR)

    answer = enrol_by_page(visitor, people[0].photos[0])
    assert answer.status_code == 503
    assert "out of order" in words(answer)
    assert "model" in visitor.get("/health/ready").json["obstacles"]
    with app.app_context():
        assert "model" in obstacles(app)

"""PostgreSQL absent, slow, read-only or old: pages report it, and service resumes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg
import pytest
from flask import Flask
from siamese_faces import Client, Problem
from werkzeug.test import TestResponse

from tests.support.installation import OPERATOR, PASSWORD, Visitor, rows_stored, words
from tests.support.postgresql import Postgresql
from tests.support.programs import URL, Wire, key_with
from webapp import create_app
from webapp.db import engine as engine_module
from webapp.db.engine import WRITERS_LOCK, Timeouts, db
from webapp.db.models import Scope
from webapp.settings import Settings
from webapp.startup import readiness
from webapp.startup.readiness import obstacles

# The window of a rate limit, which may end during a test.
ENDING_WITH_TIME = {"address_window": 0}


@pytest.fixture
def app(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """Yield an app that waits a moment only; no test here analyses a face."""
    monkeypatch.setattr(
        engine_module,
        "TIMEOUTS",
        Timeouts(connect_s=2, connection_s=1, lock_ms=200, statement_ms=2_000),
    )
    made = create_app(settings)
    with made.app_context():
        yield made
        db.session.remove()
        db.engine.dispose()


def database_name(settings: Settings) -> str:
    return settings.database_url.partition("@/")[2].partition("?")[0]


@pytest.fixture
def shut(postgresql: Postgresql, settings: Settings) -> Callable[[], None]:
    """End all connections, and refuse new ones."""

    def end_all() -> None:
        name = database_name(settings)
        postgresql.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        postgresql.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        )

    return end_all


@pytest.fixture
def reopen(postgresql: Postgresql, settings: Settings) -> Callable[[], None]:
    def let_in() -> None:
        postgresql.execute(f'ALTER DATABASE "{database_name(settings)}" ALLOW_CONNECTIONS true')

    return let_in


def make_key(visitor: Visitor) -> TestResponse:
    """Store a row by a form: an API key, and its entry in the audit log."""
    wanted = {"name": "a program", "scopes": "read", "days": "30", "limit": "5 per minute"}
    return visitor.post("/api-keys", current=PASSWORD, **wanted)


@pytest.fixture
def program(app: Flask) -> Client:
    """Return a client whose key has every scope."""
    return Client(URL, key_with(Scope.ADMIN), Wire(app))


def answers(program: Client) -> set[tuple[int, str]]:
    """Return the refusals of a read, a decision and an enrolment of a program."""
    found = set()
    for ask in (
        lambda: list(program.people()),
        lambda: program.verify("ada", [b"a picture"]),
        lambda: program.enrol("ada", "Ada", [b"a picture"], consent=True),
    ):
        with pytest.raises(Problem) as refused:
            ask()
        found.add((refused.value.status, refused.value.code))
    return found


UNAVAILABLE = {(503, "unavailable")}


def test_an_absent_database_is_reported_and_reconnected_automatically(
    app: Flask,
    admin: Visitor,
    program: Client,
    shut: Callable[[], None],
    reopen: Callable[[], None],
) -> None:
    before = rows_stored()
    db.session.remove()

    shut()
    page = admin.get("/people")
    refused, health = answers(program), program.health()
    found = obstacles(app)
    db.session.remove()
    reopen()

    assert page.status_code == 503
    assert "out of order" in words(page)
    assert refused == UNAVAILABLE
    assert "database" in health.obstacles
    assert "database" in found
    assert admin.get("/people").status_code == 200
    assert rows_stored() == before
    assert obstacles(app) == set()
    assert list(program.people()) == []


def test_cut_connections_are_reopened_without_a_failed_request(
    app: Flask, operator: Visitor, shut: Callable[[], None], reopen: Callable[[], None]
) -> None:
    assert operator.get("/people").status_code == 200
    db.session.remove()

    shut()
    reopen()

    assert operator.get("/people").status_code == 200


def test_committed_rows_survive_a_crash_of_the_database(
    app: Flask, admin: Visitor, settings: Settings
) -> None:
    assert make_key(admin).status_code == 200
    before = rows_stored() | ENDING_WITH_TIME
    with psycopg.connect(settings.database_url, autocommit=True) as other:
        other.execute(
            "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
        )
        other.execute(
            "CREATE CONSTRAINT TRIGGER cutting AFTER INSERT ON api_key "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut()"
        )

    answer = make_key(admin)

    assert answer.status_code == 503
    assert "nothing was lost" in words(answer)
    assert rows_stored() | ENDING_WITH_TIME == before


def test_health_reports_a_lasting_lock_and_its_end(
    app: Flask, admin: Visitor, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(settings.database_url) as other:
        other.execute(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})")
        for_a_moment = obstacles(app)
        monkeypatch.setattr(readiness, "MAX_LOCK", timedelta(0))
        found = obstacles(app)
        db.session.remove()
        other.rollback()

    assert for_a_moment == set()
    assert found == {"database"}
    assert make_key(admin).status_code == 200


def test_a_read_only_database_is_read_and_reported(
    app: Flask, admin: Visitor, program: Client, postgresql: Postgresql, settings: Settings
) -> None:
    before = rows_stored()
    name = database_name(settings)
    postgresql.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    db.session.remove()
    db.engine.dispose()

    answer, refused = make_key(admin), answers(program)
    found = obstacles(app)
    db.session.remove()
    postgresql.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    db.engine.dispose()

    assert answer.status_code == 503
    assert refused == UNAVAILABLE
    assert found == {"database"}
    assert rows_stored() == before
    assert make_key(admin).status_code == 200


def test_a_database_of_an_older_version_is_not_served(
    app: Flask, program: Client, settings: Settings
) -> None:
    with psycopg.connect(settings.database_url, autocommit=True) as other:
        other.execute("UPDATE alembic_version SET version_num = '0001'")
        other.execute("ALTER TABLE person DROP COLUMN link_number")
        other.execute("ALTER TABLE api_key DROP COLUMN replaced_at")
    visitor = Visitor(app)
    visitor.sign_in(OPERATOR)

    assert visitor.get("/people").status_code == 503
    assert answers(program) == UNAVAILABLE
    assert "database" in obstacles(app)

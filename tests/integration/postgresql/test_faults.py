"""PostgreSQL away, slow, read-only or old: it is said so, nothing is lost, and it comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from flask import Flask

import ml
from tests.installation import OPERATOR, Visitor, rows_stored, words
from tests.postgresql import Postgresql
from webapp import create_app, database
from webapp.config import Settings
from webapp.database import WRITERS_LOCK, Waits
from webapp.extensions import db
from webapp.startup import obstacles


@pytest.fixture
def app(settings: Settings, engine: ml.Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The app, which waits for a moment only."""
    monkeypatch.setattr(
        database, "WAITS", Waits(connect_s=2, connection_s=1, lock_ms=200, statement_ms=2_000)
    )
    made = create_app(settings, engine)
    with made.app_context():
        yield made
        db.session.remove()
        db.engine.dispose()


def database_name(settings: Settings) -> str:
    return settings.database_url.partition("@/")[2].partition("?")[0]


@pytest.fixture
def shut(postgresql: Postgresql, settings: Settings) -> Callable[[], None]:
    """End all connections, and let nobody in."""

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


def enrol(visitor: Visitor, photo: bytes):
    """Send the form with a token from before, as a page does that is open already."""
    return visitor.post(
        "/people/new", {"images": [photo]}, identifier="ada", name="Ada", consent="y"
    )


def test_while_the_database_is_away_it_is_said_so_and_it_comes_back_by_itself(
    app: Flask,
    operator: Visitor,
    people,
    shut: Callable[[], None],
    reopen: Callable[[], None],
) -> None:
    assert enrol(operator, people[0].photos[0]).status_code == 302
    before = rows_stored()
    db.session.remove()

    shut()
    page = operator.get("/people")
    program = operator.get("/api/v1/health")
    found = obstacles(app)
    db.session.remove()
    reopen()

    assert page.status_code == 503
    assert "out of order" in words(page)
    assert program.status_code in {401, 503}
    assert "database" in found
    assert operator.get("/people").status_code == 200
    assert rows_stored() == before
    assert obstacles(app) == set()


def test_connections_that_were_cut_are_made_anew_without_a_failed_request(
    app: Flask, operator: Visitor, shut: Callable[[], None], reopen: Callable[[], None]
) -> None:
    assert operator.get("/people").status_code == 200
    db.session.remove()

    shut()
    reopen()

    assert operator.get("/people").status_code == 200


def test_what_was_committed_is_there_after_the_database_stopped_in_the_middle(
    app: Flask,
    operator: Visitor,
    people,
    settings: Settings,
) -> None:
    assert enrol(operator, people[0].photos[0]).status_code == 302
    before = rows_stored()
    with psycopg.connect(settings.database_url, autocommit=True) as other:
        other.execute(
            "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
        )
        other.execute(
            "CREATE CONSTRAINT TRIGGER cutting AFTER INSERT ON person "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut()"
        )

    answer = operator.post(
        "/people/new", {"images": [people[1].photos[0]]}, identifier="bob", name="Bob", consent="y"
    )

    assert answer.status_code == 503
    assert "nothing was lost" in words(answer)
    stored = rows_stored()
    for table in ("person", "person_key", "anchor", "anchor_embedding"):
        assert stored[table] == before[table]


def test_while_somebody_holds_the_lock_it_is_said_so_and_then_all_goes_on(
    app: Flask, operator: Visitor, people, settings: Settings
) -> None:
    with psycopg.connect(settings.database_url) as other:
        other.execute(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})")
        found = obstacles(app)
        db.session.remove()
        other.rollback()

    assert found == {"database"}
    assert enrol(operator, people[0].photos[0]).status_code == 302


def test_a_database_that_cannot_be_written_is_read_and_says_so(
    app: Flask, operator: Visitor, people, postgresql: Postgresql, settings: Settings
) -> None:
    before = rows_stored()
    name = database_name(settings)
    postgresql.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    db.session.remove()
    db.engine.dispose()

    answer = enrol(operator, people[0].photos[0])
    found = obstacles(app)
    db.session.remove()
    postgresql.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    db.engine.dispose()

    assert answer.status_code == 503
    assert found == {"database"}
    assert rows_stored()["person"] == before["person"] == 0
    assert enrol(operator, people[0].photos[0]).status_code == 302


def test_a_database_of_an_older_version_is_not_served(
    app: Flask, settings: Settings, engine: ml.Engine
) -> None:
    with psycopg.connect(settings.database_url, autocommit=True) as other:
        other.execute("UPDATE alembic_version SET version_num = '0001'")
        other.execute("ALTER TABLE person DROP COLUMN link_number")
    visitor = Visitor(app)
    visitor.sign_in(OPERATOR)

    assert visitor.get("/people").status_code == 503
    assert "database" in obstacles(app)

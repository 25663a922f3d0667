"""PostgreSQL's locks and timeouts: writers run one at a time, and waits are bounded."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, Thread

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

import ml
from tests.support import faces
from tests.support.installation import rows_stored
from tests.support.programs import key_with, program
from webapp import create_app
from webapp.core.actor import SERVER
from webapp.db import engine as engine_module
from webapp.db.engine import Timeouts, db
from webapp.db.models import GalleryVersion, Scope
from webapp.db.transactions import retry_on_conflict, unit_of_work
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.settings import Settings


@pytest.fixture
def other(settings: Settings) -> Iterator[psycopg.Connection]:
    """Yield a second connection to the same database."""
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        yield connection


def is_free(other: psycopg.Connection, *, shared: bool = False) -> bool:
    """Return whether a second connection could write now."""
    kind = "_shared" if shared else ""
    with other.transaction():
        asked = f"SELECT pg_try_advisory_xact_lock{kind}({engine_module.WRITERS_LOCK})"
        return other.execute(asked).fetchone()[0]


def test_an_exclusive_writer_blocks_everybody_until_its_end(
    app: Flask, other: psycopg.Connection
) -> None:
    with unit_of_work():
        assert not is_free(other, shared=True)

    assert is_free(other)


def test_a_shared_writer_blocks_exclusive_writers_alone(
    app: Flask, other: psycopg.Connection
) -> None:
    with unit_of_work(exclusive=False):
        assert is_free(other, shared=True)
        assert not is_free(other)


def test_a_writer_sees_the_previous_commit(app: Flask) -> None:
    began, read = Event(), []

    def write_after_me() -> None:
        with app.app_context():
            began.set()
            with unit_of_work() as session:
                read.append(session.get(GalleryVersion, 1).number)
            db.session.remove()

    following = Thread(target=write_after_me)
    with unit_of_work() as session:
        session.get(GalleryVersion, 1).number = 7
        following.start()
        began.wait()
        session.flush()
    following.join()

    assert read == [7]


def test_a_reader_sees_one_state_for_as_long_as_it_reads(
    app: Flask, other: psycopg.Connection
) -> None:
    before = db.session.scalar(text("SELECT number FROM gallery_version"))
    other.execute("UPDATE gallery_version SET number = number + 1")

    assert db.session.scalar(text("SELECT number FROM gallery_version")) == before
    db.session.rollback()
    assert db.session.scalar(text("SELECT number FROM gallery_version")) == before + 1


@pytest.fixture
def impatient(settings: Settings, monkeypatch: pytest.MonkeyPatch, engine: object) -> Flask:
    """Yield an app that waits a moment only."""
    monkeypatch.setattr(engine_module, "TIMEOUTS", Timeouts(lock_ms=50, statement_ms=500))
    return create_app(settings, engine)


def test_waiting_for_the_lock_is_bounded(impatient: Flask, other: psycopg.Connection) -> None:
    with other.transaction(), impatient.app_context():
        other.execute(f"SELECT pg_advisory_xact_lock({engine_module.WRITERS_LOCK})")
        with pytest.raises(OperationalError, match="lock timeout"), unit_of_work():
            pass
        db.engine.dispose()


def test_waiting_for_an_answer_is_bounded(impatient: Flask) -> None:
    with impatient.app_context():
        with pytest.raises(OperationalError, match="statement timeout"):
            db.session.execute(text("SELECT pg_sleep(1)"))
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize(
    ("table", "sqlstate"),
    [("attempt", "40P01"), ("remembered_answer", "40001"), ("audit_entry", "40P01")],
)
def test_a_verification_that_the_database_aborted_is_retried_silently(
    app: Flask,
    other: psycopg.Connection,
    people: tuple[faces.Person, ...],
    known_faces: tuple[tuple[ml.Face, ...], ...],
    table: str,
    sqlstate: str,
) -> None:
    store.enrol(NewPerson("ada", "Ada", True), known_faces[0][:1], SERVER)
    kiosk = program(app, key_with(Scope.VERIFY))
    before = rows_stored()
    undo_once(other, table, sqlstate)

    assert kiosk.verify("ada", people[0].photos[1:2]).match

    stored = rows_stored()
    for kept in ("attempt", "remembered_answer", "audit_entry"):
        assert stored[kept] == before[kept] + 1


def undo_once(other: psycopg.Connection, table: str, sqlstate: str) -> None:
    """Abort the next transaction that writes to a table; a sequence counts despite the rollback."""
    other.execute("CREATE SEQUENCE writes")
    other.execute(
        "CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF nextval('writes') = 1 THEN RAISE EXCEPTION 'undone' USING ERRCODE = '{sqlstate}'; "
        "END IF; RETURN NULL; END $$"
    )
    other.execute(
        f"CREATE TRIGGER undoing AFTER INSERT OR UPDATE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION undo()"
    )


def test_the_victim_of_a_deadlock_is_retried(app: Flask, other: psycopg.Connection) -> None:
    """A connection from outside, which does not know our lock, locks rows in the reverse order."""
    other.execute("CREATE TABLE pair (id int PRIMARY KEY, writes int DEFAULT 0)")
    other.execute("INSERT INTO pair VALUES (1), (2)")
    other.execute("SET deadlock_timeout = '1h'")  # so that PostgreSQL aborts the app's transaction
    tries, crossing = [], []

    @retry_on_conflict
    def write_both() -> None:
        with unit_of_work() as session:
            tries.append(1)
            session.execute(text("SET LOCAL deadlock_timeout = '10ms'"))
            session.execute(text("UPDATE pair SET writes = writes + 1 WHERE id = 1"))
            if not crossing:
                crossing.append(Thread(target=cross))
                crossing[0].start()
                locked.wait()
            session.execute(text("UPDATE pair SET writes = writes + 1 WHERE id = 2"))

    locked = Event()

    def cross() -> None:
        with other.transaction():
            other.execute("UPDATE pair SET writes = writes + 1 WHERE id = 2")
            locked.set()
            other.execute("UPDATE pair SET writes = writes + 1 WHERE id = 1")

    write_both()
    crossing[0].join()

    assert len(tries) == 2
    assert other.execute("SELECT writes FROM pair").fetchall() == [(2,), (2,)]

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, Integer, LargeBinary, Table, Uuid, select, text

import ml
from tests.support.changed import changed
from tests.support.installation import PASSWORD, rows_stored
from tests.support.postgresql import Postgresql
from webapp import create_app
from webapp.core.actor import SERVER, Actor
from webapp.db.engine import POSTGRESQL, db, writing
from webapp.db.models import Model, Person
from webapp.db.transactions import unit_of_work
from webapp.errors.backup import CopyImpossible
from webapp.services import audit, audit_verification
from webapp.services.accounts.sessions import check_password
from webapp.services.backup import database_copy
from webapp.services.backup.database_copy import copy_database
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.matching.verification import verify
from webapp.services.people.people import delete_person
from webapp.services.thresholds import verification
from webapp.settings import Settings
from webapp.startup.not_ready import NotReady
from webapp.startup.prepare import get_ready
from webapp.startup.readiness import obstacles
from webapp.startup.schema import bring_up_to_date


@pytest.fixture
def settings(sqlite_settings: Settings) -> Settings:
    """Return settings of an installation on SQLite, the source of the copy."""
    return sqlite_settings


@pytest.fixture
def filled(app: Flask, people, known_faces, operator_id) -> Flask:
    """Store two people, a threshold and an attempt; anchors fill more than one batch."""
    store.enrol(NewPerson("ada", "Ada", True), known_faces[0], Actor(operator_id))
    store.enrol(NewPerson("bob", "Bob", True), known_faces[1], Actor(operator_id))
    verification.change(60, "stricter", Actor(operator_id))
    verify("ada", [people[0].photos[2]], Actor(operator_id))
    db.session.remove()
    return app


@pytest.fixture
def target_url(postgresql: Postgresql) -> Iterator[str]:
    with postgresql.lent() as url:
        yield url


@pytest.fixture
def target(filled: Flask, settings: Settings, target_url: str) -> Iterator[Engine]:
    """Yield an empty database at the newest version."""
    with create_app(changed(settings, database_url=target_url)).app_context():
        engine = db.engine
    bring_up_to_date(engine)
    yield engine
    engine.dispose()


class Stop(Exception):
    """A power failure."""


def stop_in(table: str):
    def listener(name: str, done: int, _total: int) -> None:
        if name == table and done:
            raise Stop

    return listener


def nothing(*_: object) -> None:
    """Ignore progress."""


def test_the_command_moves_an_installation_that_then_serves_as_before(
    filled: Flask, settings: Settings, engine: ml.Engine, people, target_url: str
) -> None:
    stored = rows_stored()
    args = ["copy-database", "--from", settings.database, "--to", target_url]

    ran = filled.test_cli_runner().invoke(args=args)

    assert ran.exit_code == 0, ran.output
    assert f"person: {stored['person']} of {stored['person']}" in ran.output
    assert "destroy the source" in ran.output
    moved = create_app(changed(settings, database_url=target_url), engine)
    get_ready(moved)
    with moved.app_context():
        assert rows_stored() == stored
        assert verify("ada", [people[0].photos[2]], SERVER).match
        assert audit_verification.verify(audit.head()).problem is None
        assert check_password("the admin", PASSWORD, SERVER).username == "the admin"
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize("table", ["account", "anchor", "attempt"])
def test_an_interrupted_copy_resumes_and_copies_nothing_twice(
    filled: Flask, target: Engine, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_copy, "ROWS_A_STEP", 2)
    with pytest.raises(Stop):
        copy_database(db.engine, target, stop_in(table))
    began: dict[str, int] = {}

    counts = copy_database(db.engine, target, lambda name, done, _: began.setdefault(name, done))

    assert counts == rows_stored()
    assert began[table] == min(2, counts[table])
    assert began["account"] > 0


def test_a_long_read_of_one_database_does_not_time_out_the_other(
    filled: Flask, target: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience, content = set(), database_copy.content

    def watched(connection: Connection, table: Table) -> database_copy.Content:
        if connection.dialect.name == POSTGRESQL:
            patience.add(connection.scalar(text("SHOW idle_in_transaction_session_timeout")))
        return content(connection, table)

    monkeypatch.setattr(database_copy, "content", watched)

    copy_database(db.engine, target, nothing)

    assert patience == {"0"}


def test_a_part_of_a_copy_does_not_serve(
    filled: Flask, settings: Settings, engine: ml.Engine, target: Engine, target_url: str
) -> None:
    with pytest.raises(Stop):
        copy_database(db.engine, target, stop_in("account"))
    early = create_app(changed(settings, database_url=target_url), engine)

    with pytest.raises(NotReady, match="an unfinished copy"):
        get_ready(early)
    with early.app_context():
        assert obstacles(early) >= {"database"}
        db.engine.dispose()


def test_a_database_with_data_is_not_overwritten(filled: Flask, target: Engine) -> None:
    copy_database(db.engine, target, nothing)

    with pytest.raises(CopyImpossible, match="not empty"):
        copy_database(db.engine, target, nothing)


def test_a_partial_copy_of_another_installation_is_not_resumed(
    filled: Flask, target: Engine
) -> None:
    with pytest.raises(Stop):
        copy_database(db.engine, target, stop_in("account"))
    with unit_of_work() as session:
        session.execute(text("UPDATE installation_key SET wrapped = x'00'"))

    with pytest.raises(CopyImpossible, match="another installation"):
        copy_database(db.engine, target, nothing)


def test_rows_written_during_a_copy_are_noticed(filled: Flask, target: Engine) -> None:
    with pytest.raises(Stop):
        copy_database(db.engine, target, stop_in("attempt"))
    delete_person(db.session.scalar(select(Person.id).limit(1)), SERVER)
    db.session.remove()

    with pytest.raises(CopyImpossible, match="differs"):
        copy_database(db.engine, target, nothing)


def test_a_value_changed_by_the_copy_is_noticed(filled: Flask, target: Engine) -> None:
    with pytest.raises(Stop):
        copy_database(db.engine, target, stop_in("attempt"))
    with target.connect().execution_options(**writing(target)) as connection:
        connection.execute(text("UPDATE person SET name = 'Eve'"))
        connection.commit()

    with pytest.raises(CopyImpossible, match="person differs: 2 rows in the source, 2 in the"):
        copy_database(db.engine, target, nothing)


def test_a_copy_from_postgresql_to_sqlite_works(
    filled: Flask, target: Engine, settings: Settings
) -> None:
    copy_database(db.engine, target, nothing)
    url = f"sqlite:///{settings.instance / 'back.db'}"
    with create_app(changed(settings, database_url=url)).app_context():
        back = db.engine
    bring_up_to_date(back)

    counts = copy_database(target, back, nothing)

    assert counts == rows_stored()


def test_an_old_source_is_refused(filled: Flask, settings: Settings, target_url: str) -> None:
    with unit_of_work() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    args = ["copy-database", "--from", settings.database, "--to", target_url]

    ran = filled.test_cli_runner().invoke(args=args)

    assert ran.exit_code == 1
    assert "The database is at version 0001" in ran.output


def test_another_kind_of_database_is_refused(filled: Flask, target_url: str) -> None:
    args = ["copy-database", "--from", "mysql://user:secret@host/db", "--to", target_url]

    ran = filled.test_cli_runner().invoke(args=args)

    assert ran.exit_code == 1
    assert "must begin with sqlite:/// or postgresql://" in ran.output
    assert "secret" not in ran.output


@pytest.mark.parametrize("option", ["--from", "--to"])
def test_a_password_is_no_argument(filled: Flask, option: str) -> None:
    args = ["copy-database", "--from", "sqlite:///a.db", "--to", "sqlite:///b.db"]
    args[args.index(option) + 1] = "postgresql://faces:secret@host/faces"

    ran = filled.test_cli_runner().invoke(args=args)

    assert ran.exit_code == 2
    assert "environment variable COPY_" in ran.output
    assert "secret" not in ran.output


def test_keys_of_rows_are_ordered_alike_by_both_databases() -> None:
    """A copy resumes after the last key that arrived, so no order may depend on a collation."""
    kinds = {
        type(key.type) for table in Model.metadata.tables.values() for key in table.primary_key
    }

    assert kinds <= {Uuid, Integer, LargeBinary}

"""An emptied or restored audit log is detected by its noted head."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import select

from tests.security.stored.audit_log import events, tamper, verified
from tests.support.installation import OPERATOR, Visitor
from webapp import create_app
from webapp.core.actor import SERVER, Actor
from webapp.db.engine import db, writing
from webapp.db.models import AuditHead
from webapp.services import audit, audit_head, audit_verification
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.thresholds import verification
from webapp.settings import Settings
from webapp.startup.prepare import prepare


@pytest.fixture
def put_back(app: Flask, operator_id) -> Callable[[], None]:
    """Return a function that extends the log, notes its head, and restores the earlier end."""

    def run() -> None:
        old = audit.head()
        old_mac = db.session.scalar(select(AuditHead.mac))
        verification.change(60, "stricter", Actor(operator_id))
        audit_head.note_head()
        postgresql = db.engine.dialect.name == "postgresql"
        literal = rf"'\x{old_mac.hex()}'" if postgresql else f"x'{old_mac.hex()}'"
        tamper(
            f"DELETE FROM audit_entry WHERE number > {old.number}",
            f"UPDATE audit_head SET number = {old.number}, mac = {literal}",
        )

    return run


def test_restoring_an_old_end_is_detected_by_the_noted_head(
    app: Flask, put_back: Callable[[], None]
) -> None:
    put_back()

    assert audit_verification.verify().problem is None  # the log itself shows nothing
    assert "cut off" in audit_verification.verify(audit_head.noted_head()).problem
    result = app.test_cli_runner().invoke(args=["audit", "verify"])
    assert "cut off" in result.output


@pytest.mark.parametrize("entries_since", [0, 3])
def test_a_noted_head_exposes_a_restored_log(
    app: Flask, put_back: Callable[[], None], caplog: pytest.LogCaptureFixture, entries_since: int
) -> None:
    put_back()
    noted = audit_head.noted_head()
    for _ in range(entries_since):
        audit.record_now("backed_up", SERVER)

    audit_head.note_head()

    assert audit_head.noted_head() == noted
    assert audit_verification.verify(noted).problem
    assert "does not match the recorded head" in caplog.text


def test_a_head_noted_elsewhere_still_holds_later(app: Flask, operator_id) -> None:
    runner = app.test_cli_runner()
    noted = runner.invoke(args=["audit", "head"]).output.strip()
    verification.change(60, "stricter", Actor(operator_id))

    result = runner.invoke(args=["audit", "verify", "--head", noted])

    assert result.exit_code == 0
    assert "entries are valid" in result.output


WIPED = ("DELETE FROM audit_entry", "DELETE FROM audit_head")


@pytest.fixture
def wiped(app: Flask, settings: Settings, operator: Visitor) -> Flask:
    """Delete the log's rows, their head and the file beside them."""
    tamper(*WIPED)
    settings.audit_head_file.unlink()
    return app


def test_a_fresh_installation_verifies(tmp_path: Path) -> None:
    fresh = create_app(Settings(instance=tmp_path / "instance"))
    runner = fresh.test_cli_runner()
    runner.invoke(args=["prepare"])

    with fresh.app_context():
        assert runner.invoke(args=["audit", "verify"]).output == "All 1 entries are valid.\n"
        assert runner.invoke(args=["prepare"]).exit_code == 0
        assert runner.invoke(args=["audit", "verify"]).output == "All 1 entries are valid.\n"


def test_an_emptied_log_does_not_verify(wiped: Flask) -> None:
    assert "all were removed" in verified(wiped)


@pytest.mark.parametrize("then", ["served", "used", "prepared", "everything"])
def test_an_emptied_log_never_verifies_again(wiped: Flask, then: str) -> None:
    db.session.rollback()
    if then in {"used", "everything"}:
        Visitor(wiped).sign_in(OPERATOR)
    if then in {"served", "everything"}:
        audit_head.AuditHeadSync().run()
    if then in {"prepared", "everything"}:
        assert wiped.test_cli_runner().invoke(args=["prepare"]).exit_code == 0

    assert "removed" in verified(wiped)


def test_an_installation_without_a_log_verifies_once_prepared(
    app: Flask, settings: Settings, known_faces
) -> None:
    store.enrol(NewPerson("ada", "Ada", True), known_faces[0][:1], SERVER)
    db.session.remove()
    downgrade(revision="0003")
    upgrade()
    settings.audit_head_file.unlink()
    with create_app(settings).app_context():
        prepare()

        assert events() == ["audit_log_begun"]
        assert "entries are valid." in verified(app)
        db.session.remove()
        db.engine.dispose()


def test_a_database_that_lost_its_own_key_too_is_not_given_another(wiped: Flask) -> None:
    tamper_key = "DELETE FROM installation_key"
    with db.engine.connect().execution_options(**writing(db.engine)) as database:
        database.exec_driver_sql(tamper_key)
        database.commit()

    result = wiped.test_cli_runner().invoke(args=["prepare"])

    assert result.exit_code == 1
    assert "Restore a backup" in result.output


@pytest.mark.sqlite
def test_a_recreated_database_is_detected_by_the_files_beside_it(
    app: Flask, settings: Settings, engine
) -> None:
    app.test_cli_runner().invoke(args=["backup", str(settings.instance / "backup")])
    db.session.remove()
    db.engine.dispose()
    for file in settings.instance.glob("faces.db*"):
        file.unlink()

    beside = (settings.key_ring_file, settings.audit_head_file)
    for file in beside:
        file.rename(file.with_suffix(".away"))
    begun = create_app(settings, engine)
    with begun.app_context():
        begun.test_cli_runner().invoke(args=["prepare"])
        for file in beside:
            file.with_suffix(".away").rename(file)
        assert "recorded head" in verified(begun)
        settings.audit_head_file.unlink()
        audit_head.begin_head_file(overwrite=True)
        assert "of another installation" in verified(begun)
        db.session.remove()
        db.engine.dispose()


def test_a_missing_head_file_does_not_verify(app: Flask, settings: Settings) -> None:
    settings.audit_head_file.unlink()

    assert "audit.head is missing" in verified(app)


def test_a_file_that_holds_no_head_does_not_verify(app: Flask, settings: Settings) -> None:
    settings.audit_head_file.write_text("nothing\n")

    assert "contains no head" in verified(app)


def test_a_server_remembers_the_head_of_a_removed_file(
    app: Flask, settings: Settings, operator_id
) -> None:
    witness = audit_head.AuditHeadSync()
    old, old_mac = audit.head(), db.session.scalar(select(AuditHead.mac))
    verification.change(60, "stricter", Actor(operator_id))
    witness.run()
    noted = audit_head.noted_head()
    settings.audit_head_file.unlink()
    postgresql = db.engine.dialect.name == "postgresql"
    literal = rf"'\x{old_mac.hex()}'" if postgresql else f"x'{old_mac.hex()}'"
    tamper(
        f"DELETE FROM audit_entry WHERE number > {old.number}",
        f"UPDATE audit_head SET number = {old.number}, mac = {literal}",
    )

    witness.run()

    assert audit_head.noted_head() == noted
    assert "cut off" in verified(app)


def test_a_missing_head_file_is_created_and_logged(app: Flask, settings: Settings) -> None:
    settings.audit_head_file.unlink()

    audit_head.AuditHeadSync().run()

    assert events()[-1] == "audit_head_begun"
    assert audit_head.noted_head() == audit.head()
    assert "entries are valid." in verified(app)

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tests.support.installation import OPERATOR, PASSWORD, Visitor, break_inserts, words
from webapp import create_app
from webapp.core.actor import SERVER, Actor
from webapp.db.engine import db, writing
from webapp.db.models import AuditEntry, AuditHead
from webapp.services import audit, audit_head, audit_verification
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.people.people import find_person
from webapp.services.thresholds import verification
from webapp.settings import Settings
from webapp.startup.prepare import prepare


def events() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry.event).order_by(AuditEntry.number)))


def tamper(*statements: str) -> None:
    """Change the log as an attacker who may write to the database but has no key."""
    db.session.rollback()
    table = " ON audit_entry" if db.engine.dialect.name == "postgresql" else ""
    with db.engine.connect().execution_options(**writing(db.engine)) as database:
        for trigger in ("update", "delete"):
            database.exec_driver_sql(f"DROP TRIGGER audit_entry_no_{trigger}{table}")
        for statement in statements:
            database.exec_driver_sql(statement)
        database.commit()
    db.session.expire_all()


def test_every_access_to_a_person_and_every_decision_is_audited(
    app: Flask, admin: Visitor, operator: Visitor, people
) -> None:
    before = len(events())
    created = operator.post(
        "/people/new",
        {"images": people[0].photos[:2]},
        identifier="ada",
        name="Ada",
        consent="y",
    )
    page = created.location
    db.session.rollback()
    anchor = find_person(UUID(page.rpartition("/")[2])).anchors[0].id
    operator.get(f"{page}/anchors/{anchor}/picture")
    operator.post(f"{page}/anchors/{anchor}/delete")
    operator.post(f"{page}/export")
    operator.get("/attempts.csv")
    operator.get("/threshold")
    operator.post(f"{page}/delete")
    operator.post("/sign-out")
    Visitor(app).sign_in(OPERATOR, "a wrong password")

    assert events()[before:] == [
        "person_enrolled",
        "picture_seen",
        "anchor_deleted",
        "person_exported",
        "attempts_exported",
        "refused",
        "person_deleted",
        "signed_out",
        "sign_in_refused",
    ]
    seen = db.session.scalar(select(AuditEntry).where(AuditEntry.event == "picture_seen"))
    assert seen.account_id is not None
    assert seen.address == "127.0.0.1"
    assert str(anchor) in seen.details
    assert audit_verification.verify().problem is None


def test_a_rolled_back_transaction_is_not_audited(app: Flask, enrol) -> None:
    enrol("ada", photos=1)
    before = events()

    with pytest.raises(Exception, match="duplicate_identifier"):
        enrol("ada", photos=1)

    assert events() == before


def test_no_name_picture_or_password_is_in_it(app: Flask, operator: Visitor, people) -> None:
    operator.post(
        "/people/new", {"images": [people[0].photos[0]]},
        identifier="secret-identifier", name="Secret Name", consent="y",
    )  # fmt: skip
    output = app.test_cli_runner().invoke(args=["audit", "export"]).output

    assert len(output.splitlines()) == len(events())
    for secret in ("secret-identifier", "Secret Name", PASSWORD, OPERATOR):
        assert secret not in output
    assert all(json.loads(line)["mac"] for line in output.splitlines())


def test_the_database_itself_refuses_to_rewrite_it(app: Flask) -> None:
    db.session.rollback()
    for statement in ("UPDATE audit_entry SET event = 'x'", "DELETE FROM audit_entry"):
        with db.engine.connect() as database, pytest.raises(IntegrityError, match="only ever add"):
            database.exec_driver_sql(statement)


LAST = "(SELECT max(number) FROM audit_entry)"
TAMPERED = {
    "a changed event": ("UPDATE audit_entry SET event = 'other' WHERE number = 2", "2 was changed"),
    "changed details": ("UPDATE audit_entry SET details = '{}' WHERE number = 2", "2 was changed"),
    "a changed address": ("UPDATE audit_entry SET address = 'x' WHERE number = 2", "2 was changed"),
    "a moved moment": ("UPDATE audit_entry SET at = '2020-01-01' WHERE number=2", "2 was changed"),
    "a missing entry": ("DELETE FROM audit_entry WHERE number = 2", "2 is missing"),
    "no beginning": ("DELETE FROM audit_entry WHERE number = 1", "1 is missing"),
    "a cut end": (f"DELETE FROM audit_entry WHERE number = {LAST}", "cut off"),
    "a cut end, number put back": (
        f"DELETE FROM audit_entry WHERE number = {LAST};"
        f"UPDATE audit_head SET number = {LAST}",
        "newest number was changed",
    ),
    "an entry of another's": (
        "INSERT INTO audit_entry SELECT number + 1, at, event, account_id, address, details, mac "
        f"FROM audit_entry WHERE number = {LAST}",
        "was changed",
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERED)
def test_rewriting_the_log_without_the_key_is_detected(
    app: Flask, operator: Visitor, operator_id, how: str
) -> None:
    verification.change(60, "stricter", Actor(operator_id))
    assert audit_verification.verify().problem is None
    statements, problem = TAMPERED[how]

    tamper(*statements.split(";"))

    assert problem in audit_verification.verify().problem
    result = app.test_cli_runner().invoke(args=["audit", "verify"])
    assert result.exit_code == 1
    assert problem in result.output


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


def test_administrators_read_it(app: Flask, admin: Visitor) -> None:
    page = admin.get("/audit")

    assert "signed_in" in words(page)
    assert "the admin" in words(page)
    assert "account_created" not in words(admin.get("/audit?event=signed_in")).partition("Show")[2]


def test_a_change_is_not_made_when_it_cannot_be_noted(
    app: Flask, operator_id, make_full: Callable[[], None]
) -> None:
    make_full()

    with pytest.raises(Exception, match="no room"):
        verification.change(60, "stricter", Actor(operator_id))

    assert verification.history() == ()


@pytest.fixture
def make_full(app: Flask) -> Callable[[], None]:
    def refuse_entries() -> None:
        db.session.rollback()
        break_inserts("audit_entry", "no room")

    return refuse_entries


# An emptied log


WIPED = ("DELETE FROM audit_entry", "DELETE FROM audit_head")


def verified(app: Flask) -> str:
    db.session.expire_all()
    result = app.test_cli_runner().invoke(args=["audit", "verify"])
    assert (result.exit_code == 0) == ("entries are valid." in result.output), result.output
    return result.output


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

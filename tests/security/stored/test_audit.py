from __future__ import annotations

import json
from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tests.security.stored.audit_log import events, tamper
from tests.support.installation import OPERATOR, PASSWORD, Visitor, break_inserts, words
from webapp.core.actor import Actor
from webapp.db.engine import db
from webapp.db.models import AuditEntry
from webapp.services import audit_verification
from webapp.services.people.people import find_person
from webapp.services.thresholds import verification


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

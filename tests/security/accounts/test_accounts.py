from __future__ import annotations

import html
import re
from datetime import timedelta

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select

from tests.support.installation import (
    ADMIN,
    OPERATOR,
    PASSWORD,
    Visitor,
    rows_stored,
    session_cookie,
    words,
)
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import Account, AccountSession, Role
from webapp.db.transactions import unit_of_work
from webapp.errors.accounts import PasswordTooCommon
from webapp.services.accounts import accounts, two_factor
from webapp.services.accounts.passwords import check_uncommon
from webapp.services.accounts.sessions import end_old


@pytest.mark.parametrize(
    "password",
    ["1qaz2wsx3edc", "1QAZ2WSX3EDC", "aaaaaaaaaaaa", "121212121212", "marigold2024", "MARIGOLD!!"],
)  # fmt: skip
def test_passwords_that_are_tried_first_are_refused(password: str) -> None:
    with pytest.raises(PasswordTooCommon):
        check_uncommon(password, "marigold")


@pytest.mark.parametrize("password", [PASSWORD, "ünïcödé wörds hére", "marigold and seven seas"])
def test_long_uncommon_passwords_are_accepted(password: str) -> None:
    check_uncommon(password, "marigold")


def test_a_common_password_makes_no_account(app: Flask) -> None:
    before = rows_stored()["account"]

    result = app.test_cli_runner().invoke(
        args=["account", "create", "eve", "--role", "viewer"], input="1qaz2wsx3edc"
    )

    assert result.exit_code == 1
    assert "list of common passwords" in result.output
    assert rows_stored()["account"] == before


# Sessions


def test_a_cookie_is_invalid_after_signing_out(app: Flask, operator: Visitor) -> None:
    cookie = session_cookie(operator)
    operator.post("/sign-out")
    thief = Visitor(app)
    thief.client.set_cookie(cookie.key, cookie.value)

    assert thief.get("/people").status_code == 302


def test_signing_out_everywhere_ends_every_session(app: Flask, operator: Visitor) -> None:
    elsewhere = Visitor(app)
    elsewhere.sign_in(OPERATOR)

    operator.post("/account/sign-out-everywhere")

    assert elsewhere.get("/people").status_code == 302
    assert operator.get("/people").status_code == 302


def test_a_session_ends_in_any_case_after_its_longest_time(app: Flask, operator: Visitor) -> None:
    with unit_of_work() as session:
        for row in session.scalars(select(AccountSession)):
            row.created_at -= timedelta(days=8)

    assert operator.get("/people").status_code == 302
    end_old()
    assert rows_stored()["account_session"] == 0


def test_a_session_id_set_by_an_attacker_is_not_kept(app: Flask) -> None:
    victim = Visitor(app)
    victim.get("/")
    fixed = session_cookie(victim)
    victim.sign_in(OPERATOR)
    thief = Visitor(app)
    thief.client.set_cookie(fixed.key, fixed.value)

    assert session_cookie(victim).value != fixed.value
    assert thief.get("/people").status_code == 302


def test_a_changed_password_signs_out_everywhere_and_needs_the_present_one(
    app: Flask, operator: Visitor
) -> None:
    new = {"password": "another long password", "confirm": "another long password"}
    refused = operator.post("/account/password", current="not the password", **new)
    assert "is wrong" in words(refused)

    changed = operator.post("/account/password", current=PASSWORD, **new)

    assert changed.status_code == 302
    assert operator.get("/people").status_code == 302
    assert "is wrong" in words(operator.sign_in(OPERATOR))
    assert operator.sign_in(OPERATOR, new["password"]).status_code == 302


# The second factor


def test_without_a_second_factor_a_password_is_enough(anybody: Visitor) -> None:
    assert anybody.sign_in(OPERATOR).location == "/"


def test_the_second_factor_is_set_up_by_its_own_code(operator: Visitor, operator_id) -> None:
    page = operator.get("/account/second-factor").text
    shared = re.search(r'name="secret"[^>]*value="([A-Z2-7]+)"', page).group(1)
    assert "data:image/svg" in html.unescape(page)

    fields = {"secret": shared, "code": pyotp.TOTP(shared).now(), "current": PASSWORD}
    for wrong in ({"code": "000000"}, {"current": "not the password"}):
        assert operator.post("/account/second-factor", **fields | wrong).status_code == 200
    right = operator.post("/account/second-factor", **fields)

    assert len(re.findall(r"<li><code>", right.text)) == two_factor.RECOVERY_CODES
    db.session.rollback()
    assert shared.encode() not in db.session.get(Account, operator_id).totp


def test_ending_the_second_factor_needs_the_password(
    operator: Visitor, operator_id, secret: str
) -> None:
    for wrong in ({}, {"off-current": "not the password"}):
        answer = operator.post("/account/second-factor/off", **wrong)
        assert answer.status_code == 200
        assert not wrong or "The present password is wrong" in words(answer)
    assert two_factor.recovery_codes_left(operator_id) == two_factor.RECOVERY_CODES

    assert (
        operator.post("/account/second-factor/off", **{"off-current": PASSWORD}).status_code == 302
    )

    db.session.rollback()
    assert db.session.get(Account, operator_id).totp is None


def test_with_a_second_factor_a_password_alone_opens_nothing(anybody: Visitor, secret) -> None:
    answer = anybody.sign_in(OPERATOR)

    assert answer.location.startswith("/sign-in/code")
    assert anybody.get("/people").status_code == 302
    assert anybody.post("/sign-in/code", code=pyotp.TOTP(secret).now()).location == "/"
    assert anybody.get("/people").status_code == 200


def test_a_code_works_once(app: Flask, secret: str) -> None:
    code = pyotp.TOTP(secret).now()
    first, second = Visitor(app), Visitor(app)
    for visitor in (first, second):
        visitor.sign_in(OPERATOR)

    assert first.post("/sign-in/code", code=code).status_code == 302
    assert second.post("/sign-in/code", code=code).status_code == 200


def test_codes_cannot_be_tried_out(anybody: Visitor, secret: str) -> None:
    anybody.sign_in(OPERATOR)
    for _ in range(5):
        anybody.post("/sign-in/code", code="000000")

    answer = anybody.post("/sign-in/code", code=pyotp.TOTP(secret).now())

    assert "Try again in" in words(answer)


def test_a_recovery_code_works_once(app: Flask, operator_id) -> None:
    shared = two_factor.new_secret()
    codes = two_factor.switch_on(operator_id, shared, pyotp.TOTP(shared).now(), SERVER)
    first, second = Visitor(app), Visitor(app)
    for visitor in (first, second):
        visitor.sign_in(OPERATOR)

    assert first.post("/sign-in/code", code=codes[3].upper()).status_code == 302
    assert second.post("/sign-in/code", code=codes[3]).status_code == 200
    assert two_factor.recovery_codes_left(operator_id) == two_factor.RECOVERY_CODES - 1


def test_the_command_removes_the_second_factor_of_a_lost_phone(
    app: Flask, anybody: Visitor, secret
) -> None:
    app.test_cli_runner().invoke(args=["account", "reset-code", OPERATOR])

    assert anybody.sign_in(OPERATOR).location == "/"


def test_a_code_is_refused_without_a_password_before(anybody: Visitor, secret: str) -> None:
    answer = anybody.post("/sign-in/code", code=pyotp.TOTP(secret).now())

    assert answer.location == "/sign-in"


def test_a_deleted_account_is_signed_out(app: Flask, operator: Visitor) -> None:
    app.test_cli_runner().invoke(args=["account", "delete", OPERATOR])

    assert operator.get("/people").status_code == 302
    assert "is wrong" in words(operator.sign_in(OPERATOR))


def test_the_last_administrator_stays(app: Flask, admin: Visitor) -> None:
    result = app.test_cli_runner().invoke(args=["account", "delete", ADMIN])

    assert result.exit_code == 1
    assert "Create another one first" in result.output
    assert admin.get("/audit").status_code == 200


def test_unknown_accounts_are_named_by_the_commands(app: Flask) -> None:
    for command in ("unlock", "reset-code", "delete"):
        result = app.test_cli_runner().invoke(args=["account", command, "nobody"])

        assert result.exit_code == 1
        assert "does not exist" in result.output


def test_a_viewer_who_verifies_sees_the_public_result(
    app: Flask, viewer: Visitor, operator: Visitor, enrol, people
) -> None:
    enrol("ada", "Ada Lovelace", photos=1)

    def reported(visitor: Visitor, identifier: str) -> str:
        return words(visitor.post("/verify", {"frames": [photo]}, identifier=identifier))

    photo = people[0].photos[1]
    assert "Ada Lovelace" in reported(operator, "ada")
    assert "Nobody is enrolled" in reported(operator, "nobody")
    for identifier in ("ada", "nobody"):
        shown = reported(viewer, identifier)
        assert re.search(r"Score \d+\.0 ", shown)
        assert "Ada Lovelace" not in shown
        assert "Nobody is enrolled" not in shown
        assert "picture was compared" not in shown


def test_a_viewer_sees_statistics_and_no_people(app: Flask, viewer: Visitor) -> None:
    assert accounts.account_named("the viewer").role == Role.VIEWER
    for path in ("/people", "/attempts", "/attempts.csv", "/identify"):
        assert viewer.get(path).status_code == 403, path
    for path in ("/dashboard", "/account"):
        assert viewer.get(path).status_code == 200, path

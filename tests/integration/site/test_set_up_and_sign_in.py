"""The set-up link, accounts and signing in."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.support.changed import changed
from tests.support.installation import ADMIN, OPERATOR, Visitor, rows_stored, words
from webapp import create_app
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import Account, ChallengeScope
from webapp.services.accounts import accounts
from webapp.services.liveness import setting
from webapp.settings import Settings
from webapp.startup.prepare import prepare


@pytest.fixture
def new_visitor(settings: Settings, engine) -> Visitor:
    """Return a visitor of an app without accounts."""
    app = create_app(settings, engine)
    with app.app_context():
        db.session.query(Account).delete()
        db.session.commit()
        yield Visitor(app)
        db.session.remove()


def finish(visitor: Visitor, token: str | None, **fields: str):
    return visitor.post(
        f"/setup/{token}",
        **{"username": "boss", "password": "a long sentence", "confirm": "a long sentence"}
        | fields,
    )


def test_the_set_up_link_makes_one_administrator_once(new_visitor: Visitor) -> None:
    token = prepare()
    assert "First" in words(new_visitor.get("/"))

    assert new_visitor.get(f"/setup/{token}").status_code == 200
    assert finish(new_visitor, token).location == "/sign-in"
    assert finish(new_visitor, token, username="intruder").location == "/sign-in"

    assert rows_stored()["account"] == 1
    assert rows_stored()["setup_token"] == 0
    new_visitor.sign_in("boss", "a long sentence")
    assert new_visitor.get("/threshold").status_code == 200
    assert prepare() is None
    assert setting.in_force().guarded == ChallengeScope.VERIFICATION


def test_only_the_newest_link_works_and_only_for_its_time(new_visitor: Visitor) -> None:
    first, second = prepare(), prepare()

    assert new_visitor.get(f"/setup/{first}").status_code == 404
    assert new_visitor.get(f"/setup/{second}").status_code == 200
    object.__setattr__(new_visitor.client.application.extensions["settings"], "setup_hours", -1)
    assert new_visitor.get(f"/setup/{prepare()}").status_code == 404


@pytest.mark.parametrize(
    "fields",
    [{"password": "short", "confirm": "short"}, {"confirm": "another one"}, {"username": ""}],
)
def test_a_wrong_set_up_form_makes_no_account(new_visitor: Visitor, fields: dict[str, str]) -> None:
    assert finish(new_visitor, prepare(), **fields).status_code == 200
    assert rows_stored()["account"] == 0


def test_wrong_names_and_wrong_passwords_are_refused_alike(anybody: Visitor) -> None:
    wrong_name = anybody.sign_in("nobody")
    wrong_password = anybody.sign_in(OPERATOR, "not the password")

    assert wrong_name.status_code == wrong_password.status_code == 200
    assert "name or the password is wrong" in words(wrong_name)
    assert "name or the password is wrong" in words(wrong_password)


def test_signing_in_leads_to_the_requested_page(anybody: Visitor) -> None:
    asked = anybody.get("/people?q=ada")
    assert asked.status_code == 302
    assert asked.location == "/sign-in?next=/people?q%3Dada"

    answer = anybody.post(asked.location, username=OPERATOR, password="correct horse battery")

    assert answer.location == "/people?q=ada"


def test_signing_out_ends_the_session(operator: Visitor) -> None:
    assert operator.get("/people").status_code == 200
    operator.post("/sign-out")

    assert operator.get("/people").status_code == 302


def test_a_new_password_signs_out_everywhere(operator: Visitor) -> None:
    accounts.change_password(OPERATOR, "another long sentence", SERVER)

    assert operator.get("/people").status_code == 302


def test_commands_make_accounts_and_refuse_duplicates(app: Flask, anybody: Visitor) -> None:
    run = app.test_cli_runner().invoke
    create = ["account", "create", "Carol", "--role", "operator"]

    assert run(args=create, input="a long sentence\n").exit_code == 0
    assert anybody.sign_in("carol", "a long sentence").status_code == 302
    again = run(args=create, input="a long sentence")
    assert again.exit_code == 1
    assert "already" in again.output
    nobody = ["account", "password", "nobody"]
    assert run(args=nobody, input="a long sentence").exit_code == 1
    assert run(args=create, input="short").exit_code == 2


@pytest.mark.parametrize("command", [["create", "Carol", "--role", "operator"], ["password", "x"]])
def test_no_command_takes_a_password_as_an_argument(app: Flask, command: list[str]) -> None:
    """Arguments of a program are visible to every user of the machine."""
    ran = app.test_cli_runner().invoke(
        args=["account", *command, "--password", "a long sentence"], input="a long sentence"
    )

    assert ran.exit_code == 2
    assert "standard input" in ran.output
    assert "a long sentence" not in ran.output


def test_administrators_may_do_what_operators_may(admin: Visitor) -> None:
    assert admin.get("/people").status_code == 200
    assert ADMIN in admin.get("/").text


def test_a_rate_limited_sign_in_shows_the_time_to_wait(settings: Settings, engine) -> None:
    visitor = Visitor(create_app(changed(settings, sign_in_limit="1 per hour"), engine))

    answers = [visitor.sign_in("nobody"), visitor.sign_in("nobody")]

    assert [answer.status_code for answer in answers] == [200, 429]
    assert re.search(r"Try again in about (\d+ minutes|1 hour)\.", words(answers[1]))


def test_a_redirect_to_sign_in_is_explained(anybody: Visitor, operator: Visitor) -> None:
    assert "Sign in to continue." in words(anybody.get("/sign-in?next=/people"))
    assert "Sign in to continue." not in words(anybody.get("/sign-in"))
    page = operator.get("/sign-in?next=/attempts")
    assert f"You are signed in as {OPERATOR}" in re.sub("[\u2066-\u2069]", "", words(page))
    assert '<a href="/attempts">Continue</a>' in page.text


def test_the_sign_in_page_offers_no_public_verification_if_it_is_closed(
    closed_app: Flask,
) -> None:
    with closed_app.app_context():
        page = words(Visitor(closed_app).get("/sign-in?next=/verify"))
        db.session.remove()
        db.engine.dispose()
    assert "no account is needed" not in page
    assert "Sign in to continue." in page

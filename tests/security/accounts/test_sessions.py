"""Sessions of an account are listed and ended one by one."""

from __future__ import annotations

import re

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.security.accounts.signing_in import WRONG, is_let_in
from tests.support.installation import OPERATOR, PASSWORD, Visitor, words
from webapp.db.engine import db
from webapp.db.models import AccountSession
from webapp.services.accounts import accounts, two_factor
from webapp.web.devices import label_of


@pytest.mark.parametrize("change", ["on", "off", "another phone"])
def test_other_sessions_end_when_the_second_factor_changes(
    app: Flask, operator: Visitor, request: pytest.FixtureRequest, change: str
) -> None:
    elsewhere = Visitor(app)
    elsewhere.sign_in(OPERATOR)
    if change != "on":
        request.getfixturevalue("secret")
    assert is_let_in(elsewhere)

    if change == "off":
        operator.post("/account/second-factor/off", **{"off-current": PASSWORD})
    else:
        shared = two_factor.new_secret()
        operator.post(
            "/account/second-factor",
            secret=shared,
            code=pyotp.TOTP(shared).now(),
            current=PASSWORD,
        )

    assert is_let_in(operator)
    assert not is_let_in(elsewhere)


@pytest.fixture
def elsewhere(app: Flask, operator: Visitor) -> Visitor:
    """Return the operator in another browser."""
    visitor = Visitor(app)
    visitor.client.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (Windows NT 10.0) Firefox/128.0"
    visitor.client.environ_base["REMOTE_ADDR"] = "198.51.100.7"
    visitor.sign_in(OPERATOR)
    return visitor


def end_chosen(visitor: Visitor, *chosen: str, current: str = PASSWORD) -> TestResponse:
    fields = {"sessions-chosen": list(chosen), "sessions-current": current}
    return visitor.post("/account/sessions/end", **fields)


def other_session(visitor: Visitor) -> str:
    return re.search(r'name="sessions-chosen" value="([^"]+)"', visitor.get("/account").text)[1]


def test_an_account_sees_its_sessions(operator: Visitor, elsewhere: Visitor) -> None:
    shown = words(operator.get("/account"))

    assert "Firefox, Windows, 198.51.100.7, since" in shown
    assert "(this browser)" in shown


def test_a_single_session_is_ended_by_its_owners_password(
    operator: Visitor, elsewhere: Visitor
) -> None:
    chosen = other_session(operator)
    assert "is wrong" in words(end_chosen(operator, chosen, current=WRONG))
    assert is_let_in(elsewhere)

    assert end_chosen(operator, chosen).status_code == 302

    assert not is_let_in(elsewhere)
    assert is_let_in(operator)
    assert "signed in nowhere else" in words(operator.get("/account"))
    assert end_chosen(operator, chosen).status_code == 302  # it has ended already


def test_sessions_of_other_accounts_cannot_be_ended(
    app: Flask, operator: Visitor, viewer: Visitor
) -> None:
    with app.app_context():
        of_operator = accounts.account_named(OPERATOR).id
        ids = db.session.scalars(
            select(AccountSession.id).where(AccountSession.account_id == of_operator)
        )
        chosen = [str(one) for one in ids]

    end_chosen(viewer, *chosen)

    assert is_let_in(operator)


@pytest.mark.parametrize("chosen", [(), ("no id",)])
def test_an_unknown_session_id_ends_no_session(
    operator: Visitor, elsewhere: Visitor, chosen: tuple[str, ...]
) -> None:
    answer = end_chosen(operator, *chosen)

    assert "Choose at least one" in words(answer) or chosen
    assert answer.status_code == 200
    assert is_let_in(elsewhere)


@pytest.mark.parametrize(
    ("user_agent", "label"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "Firefox, Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
            "Edge, Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
            "Safari, iPhone",
        ),
        ("<script>alert(1)</script>", None),
        ("", None),
    ],
)
def test_a_browsers_name_has_known_words_alone(user_agent: str, label: str | None) -> None:
    assert label_of(user_agent) == label

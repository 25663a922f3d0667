"""Signing in: the power of a correct password, and the reach of lockouts."""

from __future__ import annotations

import base64
import re
from hashlib import sha1

import pyotp
import pytest
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select

import ml
from tests.security.accounts.signing_in import NEW, command, cookie_of, is_let_in
from tests.support.changed import changed
from tests.support.installation import OPERATOR, PASSWORD, Visitor, rows_stored, words
from webapp import create_app
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import AccountSession, FailureCount, PendingSignIn
from webapp.db.transactions import unit_of_work
from webapp.services.accounts import accounts, sessions, two_factor
from webapp.services.accounts.sessions import TIME_FOR_CODE
from webapp.settings import Settings

SHA256_SIGNATURE = 43


# A sign-in that waits for its code

ENDING = {
    "a new password": lambda app, owner: command(app, "password", OPERATOR, password=NEW),
    "no second factor any more": lambda app, owner: command(app, "reset-code", OPERATOR),
    "a new password on the page": lambda app, owner: owner.post(
        "/account/password", current=PASSWORD, password=NEW, confirm=NEW
    ),
    "codes switched off on the page": lambda app, owner: owner.post(
        "/account/second-factor/off", **{"off-current": PASSWORD}
    ),
    "signing out everywhere": lambda app, owner: owner.post("/account/sign-out-everywhere"),
    "deletion": lambda app, owner: command(app, "delete", OPERATOR),
    "another account of that name": lambda app, owner: (
        command(app, "delete", OPERATOR),
        command(app, "create", OPERATOR, "--role", "operator", password=NEW),
    ),
    "time": lambda app, owner: let_pending_pass(),
}


def let_pending_pass() -> None:
    with unit_of_work() as session:
        for row in session.scalars(select(PendingSignIn)):
            row.expires_at -= TIME_FOR_CODE


@pytest.mark.parametrize("how", ENDING)
def test_a_right_password_without_a_code_expires(
    app: Flask, operator: Visitor, operator_id, secret: str, how: str
) -> None:
    codes = two_factor.switch_on(operator_id, secret, pyotp.TOTP(secret).now(), SERVER)
    thief = Visitor(app)
    assert thief.sign_in(OPERATOR).location.startswith("/sign-in/code")

    ENDING[how](app, operator)

    for code in ("000000", pyotp.TOTP(secret).now(), codes[0]):
        answer = thief.post("/sign-in/code", code=code)
        assert answer.location.startswith("/sign-in")
        assert not is_let_in(thief)


def test_the_page_explains_a_restarted_sign_in(app: Flask, anybody: Visitor, secret: str) -> None:
    anybody.sign_in(OPERATOR)
    command(app, "reset-code", OPERATOR)

    answer = anybody.get("/sign-in/code?next=/people")

    assert answer.location == "/sign-in?next=/people"
    assert "Sign in again" in words(anybody.get(answer.location))


def test_the_cookie_key_alone_does_not_replace_a_password(
    app: Flask, anybody: Visitor, secret: str, operator_id
) -> None:
    """Neither by the form of an earlier release nor by an id."""
    serializer = app.session_interface.get_signing_serializer(app)
    for forged in (
        {"half_signed_in": [OPERATOR, "2999-01-01T00:00:00+00:00"]},
        {"pending_sign_in": str(operator_id)},
        {"_user_id": operator_id.hex, "_fresh": True},
    ):
        anybody.client.set_cookie(cookie_of(app, "session"), serializer.dumps(forged))
        assert anybody.get("/sign-in/code").status_code == 302
        assert not is_let_in(anybody)


def test_a_session_row_does_not_yield_a_cookie(app: Flask, operator: Visitor) -> None:
    serializer = app.session_interface.get_signing_serializer(app)
    row = db.session.scalar(select(AccountSession))
    thief = Visitor(app)

    for token in (row.id.hex, str(row.id), row.digest.hex()):
        thief.client.set_cookie(
            cookie_of(app, "session"), serializer.dumps({"_user_id": token, "_fresh": True})
        )
        assert not is_let_in(thief)


def test_a_password_that_was_changed_while_it_was_checked_opens_nothing(
    app: Flask, anybody: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = sessions.check_password(OPERATOR, PASSWORD, SERVER)
    accounts.change_password(OPERATOR, NEW, SERVER)
    monkeypatch.setattr(sessions, "check_password", lambda *_: right)

    with pytest.raises(sessions.WrongCredentials):
        sessions.sign_in(OPERATOR, PASSWORD, sessions.Browser(), SERVER)
    assert rows_stored()["account_session"] == 0


# Cookies


def test_the_device_cookie_is_out_of_reach_of_scripts(app: Flask) -> None:
    visitor = Visitor(app)
    answer = visitor.sign_in(OPERATOR)
    (cookie,) = (
        value
        for value in answer.headers.getlist("Set-Cookie")
        if value.startswith(cookie_of(app, "device"))
    )

    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert visitor.client.get_cookie(cookie_of(app, "device")).value.encode() not in db_bytes()


def db_bytes() -> bytes:
    db.session.rollback()
    return b"".join(db.session.scalars(select(FailureCount.digest)))


def test_cookies_and_tokens_are_signed_by_sha_256(app: Flask, operator: Visitor) -> None:
    cookie = operator.client.get_cookie(cookie_of(app, "session")).value
    token = re.search(r'name="csrf-token" content="([^"]+)"', operator.get("/account").text)[1]

    for signed in (cookie, token):
        signature = signed.rpartition(".")[2]
        assert len(signature) == SHA256_SIGNATURE
        assert len(base64.urlsafe_b64decode(signature + "=")) == 32


def test_a_cookie_signed_by_sha_1_is_refused(app: Flask, operator: Visitor) -> None:
    cookie = operator.client.get_cookie(cookie_of(app, "session")).value
    held = app.session_interface.get_signing_serializer(app).loads(cookie)
    kwargs = {"key_derivation": "hmac", "digest_method": sha1}
    old = URLSafeTimedSerializer(
        app.secret_key,
        salt="cookie-session",
        serializer=app.session_interface.serializer,
        signer_kwargs=kwargs,
    ).dumps(held)
    stranger = Visitor(app)
    stranger.client.set_cookie(cookie_of(app, "session"), old)

    assert not is_let_in(stranger)


def test_where_codes_are_required_nothing_opens_before_they_are_set_up(
    settings: Settings, engine: ml.Engine, operator_id
) -> None:
    app = create_app(changed(settings, second_factor_required=True), engine)
    with app.app_context():
        visitor = Visitor(app)
        visitor.sign_in(OPERATOR)
        for path in ("/people", "/verify", "/account"):
            assert visitor.get(path).location == "/account/second-factor"
        assert visitor.post("/people/new").location == "/account/second-factor"
        visitor.get("/people?q=ada")
        page = words(visitor.get("/account/second-factor"))
        assert "Everybody who signs in here needs a second factor." in page

        secret = two_factor.new_secret()
        fields = {"secret": secret, "code": pyotp.TOTP(secret).now(), "current": PASSWORD}
        answer = visitor.post("/account/second-factor", **fields)
        assert "Recovery codes" in words(answer)
        assert 'href="/people?q=ada">I have kept them' in answer.text

        assert visitor.get("/people").status_code == 200
        again = words(visitor.get("/account/second-factor"))
        assert "needs a second factor" not in again
        db.session.remove()
        db.engine.dispose()

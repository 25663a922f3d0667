"""Signing in: the power of a correct password, and the reach of lockouts."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from hashlib import sha1
from ipaddress import IPv6Address

import pyotp
import pytest
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select
from werkzeug.test import TestResponse

import ml
from tests.support.changed import changed
from tests.support.installation import OPERATOR, PASSWORD, Visitor, rows_stored, words
from webapp import create_app
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import Account, AccountSession, FailureCount, PendingSignIn
from webapp.db.transactions import unit_of_work
from webapp.services.accounts import accounts, sessions, two_factor
from webapp.services.accounts.sessions import TIME_FOR_CODE
from webapp.services.matching import lockout
from webapp.services.matching.lockout import (
    FROM_A_KNOWN_BROWSER,
    FROM_A_SITE,
    FROM_EVERYWHERE,
    Bound,
)
from webapp.settings import Settings
from webapp.web.cookies import cookie_name
from webapp.web.devices import label_of

WRONG = "a wrong password"
NEW = "another long password"
SHA256_SIGNATURE = 43


@pytest.fixture
def secret(app: Flask, operator_id) -> str:
    """Return the secret of the operator's second factor, enabled an hour ago."""
    made = two_factor.new_secret()
    two_factor.switch_on(operator_id, made, pyotp.TOTP(made).now(), SERVER)
    with unit_of_work() as session:
        session.get_one(Account, operator_id).totp_step -= 120
    return made


def visitor_at(app: Flask, address: str) -> Visitor:
    visitor = Visitor(app)
    visitor.client.environ_base["REMOTE_ADDR"] = address
    return visitor


def command(app: Flask, *words: str, password: str = "") -> None:
    result = app.test_cli_runner().invoke(args=["account", *words], input=password)
    assert result.exit_code == 0, result.output


def cookie_of(app: Flask, kind: str) -> str:
    """Return the name of a cookie."""
    with app.test_request_context():
        return cookie_name(kind)


def let_time_pass(by: timedelta) -> None:
    with unit_of_work() as session:
        for row in session.scalars(select(FailureCount)):
            row.last_at -= by


def is_let_in(visitor: Visitor, path: str = "/people") -> bool:
    return visitor.get(path).status_code == 200


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


# The reach of lockouts


def fail(visitor: Visitor, times: int, name: str = OPERATOR) -> None:
    for _ in range(times):
        visitor.sign_in(name, WRONG)


def test_failures_from_another_network_do_not_lock_the_owner_out(app: Flask) -> None:
    attacker = visitor_at(app, "203.0.113.5")
    for _ in range(20):
        fail(attacker, 1)
        let_time_pass(timedelta(minutes=15))
    fail(attacker, 6)
    assert "Try again in" in words(attacker.sign_in(OPERATOR))

    assert visitor_at(app, "198.51.100.7").sign_in(OPERATOR).status_code == 302


def test_a_network_of_ipv6_is_one_attacker_and_its_neighbour_another(app: Flask) -> None:
    for last in range(1, 6):
        fail(visitor_at(app, f"2001:db8:7:1::{last}"), 1)

    assert "Try again in" in words(visitor_at(app, "2001:db8:7:1::ffff").sign_in(OPERATOR))
    assert visitor_at(app, "2001:db8:7:2::1").sign_in(OPERATOR).status_code == 302


def test_one_site_cannot_use_up_the_tries_of_everybody(app: Flask) -> None:
    for number in range(4 * FROM_EVERYWHERE.an_hour):
        fail(visitor_at(app, str(IPv6Address("2001:db8:7::") + (number << 64))), 1)

    assert visitor_at(app, "2001:db8:8::1").sign_in(OPERATOR).status_code == 302


def from_everywhere(app: Flask, tries: int) -> int:
    """Return how many of `tries` tries, each from another site, were decided."""
    answers = [
        visitor_at(app, f"198.{18 + number // 256}.{number % 256}.1").sign_in(OPERATOR, WRONG)
        for number in range(tries)
    ]
    return sum("is wrong" in words(answer) for answer in answers)


def test_guesses_from_many_networks_are_bounded(app: Flask) -> None:
    assert from_everywhere(app, FROM_EVERYWHERE.an_hour + 20) == FROM_EVERYWHERE.an_hour

    let_time_pass(timedelta(hours=1))
    assert from_everywhere(app, FROM_EVERYWHERE.an_hour + 20) == FROM_EVERYWHERE.an_hour


@pytest.mark.parametrize(
    ("bound", "most"), [(FROM_A_SITE, 250), (FROM_EVERYWHERE, 1250), (FROM_A_KNOWN_BROWSER, 104)]
)
def test_guesses_in_a_day_stay_below_the_documented_limit(
    bound: Bound, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For an attacker who tries at every moment without a wait."""
    start = moment = lockout.now()
    monkeypatch.setattr(lockout, "now", lambda: moment)
    tried, last_at = 0, None
    while moment < start + timedelta(days=1):
        left = bound.left(tried, last_at) if last_at else timedelta(0)
        if left > timedelta(0):
            moment += left
            continue
        last_at, tried = bound.counted_at(last_at), tried + 1

    assert most - most // 20 <= tried <= most


def test_from_a_browser_that_signed_in_before_the_owner_always_gets_in(app: Flask) -> None:
    owner = visitor_at(app, "192.0.2.1")
    owner.sign_in(OPERATOR)
    owner.post("/sign-out")
    from_everywhere(app, FROM_EVERYWHERE.an_hour + 1)
    fail(visitor_at(app, "192.0.2.1"), 6)
    assert "Try again in" in words(visitor_at(app, "192.0.2.99").sign_in(OPERATOR))

    owner.client.environ_base["REMOTE_ADDR"] = "192.0.2.99"
    assert owner.sign_in(OPERATOR).status_code == 302


def test_a_known_browser_has_tries_of_its_own_and_they_are_bounded(app: Flask) -> None:
    owner = Visitor(app)
    owner.sign_in(OPERATOR)
    owner.post("/sign-out")

    fail(owner, 5)

    assert "Try again in" in words(owner.sign_in(OPERATOR))
    assert Visitor(app).sign_in(OPERATOR).status_code == 302


def test_a_device_cookie_counts_for_its_account_alone(app: Flask) -> None:
    shared = Visitor(app)
    shared.sign_in("the viewer")
    shared.post("/sign-out")
    fail(Visitor(app), 5)

    assert "Try again in" in words(shared.sign_in(OPERATOR))


@pytest.mark.parametrize("made_up", ["x", "", "0" * 43])
def test_a_forged_device_cookie_is_refused(app: Flask, made_up: str) -> None:
    fail(Visitor(app), 5)
    attacker = Visitor(app)
    attacker.client.set_cookie(cookie_of(app, "device"), made_up)

    assert "Try again in" in words(attacker.sign_in(OPERATOR))
    attacker.client.environ_base["REMOTE_ADDR"] = "192.0.2.9"
    attacker.sign_in(OPERATOR)
    assert attacker.client.get_cookie(cookie_of(app, "device")).value != made_up


def test_a_new_password_resets_known_browsers(app: Flask, operator: Visitor) -> None:
    thief = Visitor(app)
    thief.sign_in(OPERATOR)

    operator.post("/account/password", current=PASSWORD, password=NEW, confirm=NEW)
    fail(Visitor(app), 5)

    assert "Try again in" in words(thief.sign_in(OPERATOR, NEW))
    assert operator.sign_in(OPERATOR, NEW).status_code == 302


def test_signing_in_gives_nobody_else_further_tries(app: Flask) -> None:
    attacker = visitor_at(app, "203.0.113.5")
    fail(attacker, 5)

    Visitor(app).sign_in(OPERATOR)

    assert "Try again in" in words(attacker.sign_in(OPERATOR))


def test_codes_are_counted_wherever_they_come_from(app: Flask, secret: str) -> None:
    """An attacker with the password gets no further tries by further addresses."""
    for number in range(5):
        thief = visitor_at(app, f"198.51.{number}.1")
        thief.sign_in(OPERATOR)
        thief.post("/sign-in/code", code="000000")

    thief = visitor_at(app, "198.51.99.1")
    thief.sign_in(OPERATOR)
    assert "Try again in" in words(thief.post("/sign-in/code", code=pyotp.TOTP(secret).now()))


def test_the_command_ends_every_lockout_of_an_account(app: Flask) -> None:
    attacker = visitor_at(app, "203.0.113.5")
    fail(attacker, 6)
    from_everywhere(app, FROM_EVERYWHERE.an_hour)

    command(app, "unlock", OPERATOR)

    assert attacker.sign_in(OPERATOR).status_code == 302


@pytest.mark.parametrize(("tries", "told"), [(1, "one failed try"), (3, "3 failed tries")])
def test_the_owner_is_notified_of_failed_tries_once(app: Flask, tries: int, told: str) -> None:
    fail(visitor_at(app, "203.0.113.5"), tries)
    owner = Visitor(app)

    owner.sign_in(OPERATOR)

    assert told in words(owner.get("/people"))
    again = Visitor(app)
    again.sign_in(OPERATOR)
    assert "failed tr" not in words(again.get("/people"))


def test_the_owner_is_notified_of_wrong_codes(app: Flask, secret: str) -> None:
    visitor = Visitor(app)
    visitor.sign_in(OPERATOR)
    visitor.post("/sign-in/code", code="000000")

    visitor.post("/sign-in/code", code=pyotp.TOTP(secret).now())

    assert "one failed try" in words(visitor.get("/people"))


# Single sessions


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

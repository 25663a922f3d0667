"""The reach of lockouts after wrong passwords and codes."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv6Address

import pyotp
import pytest
from flask import Flask

from tests.security.accounts.signing_in import (
    NEW,
    WRONG,
    command,
    cookie_of,
    fail,
    let_time_pass,
    visitor_at,
)
from tests.support.installation import OPERATOR, PASSWORD, Visitor, words
from webapp.services.matching import lockout
from webapp.services.matching.lockout import (
    FROM_A_KNOWN_BROWSER,
    FROM_A_SITE,
    FROM_EVERYWHERE,
    Bound,
)


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


@pytest.mark.parametrize(("tries", "reported"), [(1, "one failed try"), (3, "3 failed tries")])
def test_the_owner_is_notified_of_failed_tries_once(app: Flask, tries: int, reported: str) -> None:
    fail(visitor_at(app, "203.0.113.5"), tries)
    owner = Visitor(app)

    owner.sign_in(OPERATOR)

    assert reported in words(owner.get("/people"))
    again = Visitor(app)
    again.sign_in(OPERATOR)
    assert "failed tr" not in words(again.get("/people"))


def test_the_owner_is_notified_of_wrong_codes(app: Flask, secret: str) -> None:
    visitor = Visitor(app)
    visitor.sign_in(OPERATOR)
    visitor.post("/sign-in/code", code="000000")

    visitor.post("/sign-in/code", code=pyotp.TOTP(secret).now())

    assert "one failed try" in words(visitor.get("/people"))

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from statistics import median
from time import perf_counter

import pytest
from flask import Flask
from sqlalchemy import select

from tests.support.changed import changed
from tests.support.installation import ADMIN, OPERATOR, Visitor, words
from webapp import create_app
from webapp.core.actor import SERVER, Actor
from webapp.db.engine import db
from webapp.db.models import FailureCount, RateLimitWindow
from webapp.db.transactions import unit_of_work
from webapp.errors.matching import FaceDisabled, MustWait
from webapp.services.matching.claimed_identity import claim_digest
from webapp.services.matching.lockout import (
    FACE_LOCKOUT,
    FACES_FROM_A_NETWORK,
    FROM_A_KNOWN_BROWSER,
    FROM_A_NETWORK,
    WITH_CODES,
    Counter,
    LockoutPolicy,
    check,
    count_failure,
)
from webapp.services.matching.verification import verify
from webapp.settings import Settings

KNOWN_AND_UNKNOWN = pytest.mark.parametrize("identifier", ["ada", "nobody"])


@pytest.fixture
def ada(app: Flask, enrol):
    return enrol("ada", photos=1)


def failed(identifier: str, times: int) -> None:
    with unit_of_work() as session:
        for _ in range(times):
            count_failure(session, Counter(claim_digest(identifier), FACE_LOCKOUT))


def let_time_pass(by: timedelta) -> None:
    with unit_of_work() as session:
        for row in session.scalars(select(FailureCount)):
            row.last_at -= by


@KNOWN_AND_UNKNOWN
def test_after_five_failures_in_a_row_there_is_a_wait_of_half_a_minute(
    app: Flask, people, ada, identifier: str
) -> None:
    stranger = [people[1].photos[0]]
    for _ in range(5):
        assert not verify(identifier, stranger, SERVER).match

    with pytest.raises(MustWait) as refusal:
        verify(identifier, stranger, SERVER)

    assert 25 <= refusal.value.details["seconds"] <= 30
    let_time_pass(timedelta(seconds=31))
    assert not verify(identifier, stranger, SERVER).match


@pytest.mark.parametrize(
    ("attacker", "owner"), [("192.0.2.1", "192.0.2.2"), ("2001:db8:0:1::1", "2001:db8:0:2::1")]
)
def test_a_network_that_fails_slows_down_itself_and_its_neighbour_for_half_a_minute(
    app: Flask, people, ada, attacker: str, owner: str
) -> None:
    for _ in range(6):
        assert not verify_from(attacker, [people[1].photos[0]])
        let_time_pass(timedelta(seconds=31))

    with pytest.raises(MustWait) as refusal:
        verify_from(attacker, [people[1].photos[0]])
    assert refusal.value.details["seconds"] <= 30  # of 60
    assert verify_from(owner, [people[0].photos[2]])


def test_an_administrator_ends_the_waits_of_every_network(
    app: Flask, admin: Visitor, people, ada
) -> None:
    for _ in range(8):
        verify_from("192.0.2.1", [people[1].photos[0]])
        let_time_pass(timedelta(hours=1))
    verify_from("192.0.2.1", [people[1].photos[0]])

    admin.post(f"/people/{ada}/allow")

    assert verify_from("192.0.2.1", [people[0].photos[2]])


def verify_from(address: str, frames: list[bytes]) -> bool:
    """Verify as ada from an address; returns whether she matches."""
    return verify("ada", frames, Actor(address=address)).match


def test_the_wait_grows_and_stays_within_its_bound() -> None:
    waits = [FACES_FROM_A_NETWORK.wait_after(failures).total_seconds() for failures in range(60)]

    assert waits[:4] == [0, 30, 60, 120]
    assert waits == sorted(waits)
    assert max(waits) == FACES_FROM_A_NETWORK.longest_wait


@KNOWN_AND_UNKNOWN
def test_after_fifty_failures_only_an_administrator_helps(
    app: Flask, admin: Visitor, operator: Visitor, people, ada, identifier: str
) -> None:
    failed(identifier, 50)
    let_time_pass(timedelta(days=30))

    with pytest.raises(FaceDisabled):
        verify(identifier, [people[0].photos[2]], SERVER)

    if identifier == "ada":
        assert operator.post(f"/people/{ada}/allow").status_code == 403
        assert "until an administrator allows" in words(admin.get(f"/people/{ada}"))
        assert admin.post(f"/people/{ada}/allow").status_code == 302
        db.session.rollback()
        assert verify("ada", [people[0].photos[2]], SERVER).match


def test_a_match_resets_the_failure_count(app: Flask, people, ada) -> None:
    failed("ada", 4)

    assert verify("ada", [people[0].photos[2]], SERVER).match

    assert db.session.get(FailureCount, claim_digest("ada")) is None


def test_a_person_newly_enrolled_does_not_inherit_failures(app: Flask, enrol) -> None:
    failed("ada", 50)

    enrol("ada", photos=1)

    check(Counter(claim_digest("ada"), FACE_LOCKOUT))


def test_answers_about_known_and_unknown_people_take_as_long(app: Flask, people, ada) -> None:
    def seconds_for(identifier: str) -> float:
        started = perf_counter()
        verify(identifier, [people[1].photos[0]], SERVER)
        return perf_counter() - started

    verify("ada", [people[0].photos[2]], SERVER)  # exclude one-time work
    ratios = []
    for pair in range(10):  # alternate the order, so that neither side profits from the other
        names = ("ada", "nobody") if pair % 2 else ("nobody", "ada")
        taken = {name: seconds_for(name) for name in names}
        ratios.append(taken["ada"] / taken["nobody"])
        let_time_pass(timedelta(hours=2))  # no failure causes a lockout

    # Analysing no picture, or two, would take a fraction of the time, or twice as long.
    assert 0.7 < median(ratios) < 1.4


@pytest.mark.parametrize("failures", [5, 50])
def test_pages_for_known_and_unknown_claims_are_the_same_when_refused(
    anybody: Visitor, people, ada, failures: int
) -> None:
    pages = []
    for identifier in ("ada", "eve"):
        failed(identifier, failures)
        answer = anybody.post("/verify", {"frames": [people[0].photos[2]]}, identifier=identifier)
        pages.append(words(answer))

    assert pages[0] == pages[1]
    assert "too many failures in a row" in pages[0]


def test_failures_are_counted_for_all_processes_and_outlast_them(
    app: Flask, settings: Settings, engine, people, ada
) -> None:
    failed("ada", 5)
    elsewhere = create_app(settings, engine)

    with elsewhere.app_context(), pytest.raises(MustWait):
        verify("ada", [people[0].photos[2]], SERVER)


# Signing in


def test_failures_to_sign_in_are_slowed_down_for_known_and_unknown_names(app: Flask) -> None:
    for name in (OPERATOR, "nobody at all"):
        visitor = Visitor(app)
        answers = [visitor.sign_in(name, "a wrong password") for _ in range(6)]

        assert "is wrong" in words(answers[4])
        assert "Try again in" in words(answers[5])


def test_the_right_password_waits_like_a_wrong_one(app: Flask, anybody: Visitor) -> None:
    for _ in range(5):
        anybody.sign_in(OPERATOR, "a wrong password")

    assert "Try again in" in words(anybody.sign_in(OPERATOR))


def test_the_command_ends_an_accounts_lockout(app: Flask, anybody: Visitor) -> None:
    for _ in range(5):
        anybody.sign_in(OPERATOR, "a wrong password")

    app.test_cli_runner().invoke(args=["account", "unlock", OPERATOR])

    assert anybody.sign_in(OPERATOR).status_code == 302


OF_ACCOUNTS = (FROM_A_NETWORK, FROM_A_KNOWN_BROWSER, WITH_CODES)


@pytest.mark.parametrize("patience", OF_ACCOUNTS)
def test_an_account_is_never_shut_for_good(patience: LockoutPolicy) -> None:
    assert patience.most is None
    assert patience.wait_after(10_000) == timedelta(seconds=patience.longest_wait)


@pytest.mark.parametrize("patience", [FACE_LOCKOUT, FACES_FROM_A_NETWORK, *OF_ACCOUNTS])
def test_free_failures_cost_no_wait(patience: LockoutPolicy) -> None:
    assert not any(patience.wait_after(failures) for failures in range(patience.free))


# Addresses


def test_an_addresss_requests_count_in_every_process(
    settings: Settings, engine, make_limited: Callable[[], Visitor]
) -> None:
    one, other = make_limited(), make_limited()

    answers = [visitor.sign_in(ADMIN, "wrong password") for visitor in (one, other, one, other)]

    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    with one.client.application.app_context():
        assert db.session.scalars(select(RateLimitWindow.hits)).all() == [4]


@pytest.fixture
def make_limited(settings: Settings, engine) -> Callable[[], Visitor]:
    return lambda: Visitor(create_app(changed(settings, sign_in_limit="2 per hour"), engine))

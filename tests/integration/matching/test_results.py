"""Results have addresses of their own: for one browser, for a limited time, and created once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.support import faces
from tests.support.changed import changed
from tests.support.installation import (
    PASSWORD,
    SEE_OTHER,
    Visitor,
    as_file,
    rows_stored,
    words,
    written_down,
)
from webapp import create_app
from webapp.core.actor import SERVER, Actor
from webapp.db.models import PageResult
from webapp.db.transactions import unit_of_work
from webapp.services import cleanup
from webapp.services.accounts import sessions
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.page_results import MINUTES
from webapp.services.people import people
from webapp.settings import Settings

IDENTIFIER = "ada.lovelace@example.org"


@pytest.fixture
def ada(app: Flask, known_faces):
    return store.enrol(NewPerson(IDENTIFIER, "Ada Lovelace", True), known_faces[0][:2], SERVER)


def sent(visitor: Visitor, path: str, **fields: object) -> TestResponse:
    """Return the response to a form itself, before the redirect to the result."""
    data = {"csrf_token": visitor.token(), **fields}
    with visitor.client.application.app_context():
        return visitor.client.post(path, data=data, content_type="multipart/form-data")


def verification(visitor: Visitor, person: int = 0, identifier: str = IDENTIFIER) -> TestResponse:
    photo = faces.people()[person].photos[2]
    return sent(visitor, "/verify", identifier=identifier, frames=[as_file(0, photo)])


def let_time_pass(minutes: int) -> None:
    with unit_of_work() as session:
        for row in session.scalars(select(PageResult)):
            row.expires_at -= timedelta(minutes=minutes)


def test_a_verification_redirects_to_its_result(anybody: Visitor, ada, settings: Settings) -> None:
    answer = verification(anybody)

    assert answer.status_code == SEE_OTHER
    assert re.fullmatch(r"/verify/result/[0-9a-f-]{36}", answer.location)
    stored = rows_stored()
    for _ in range(2):
        page = anybody.get(answer.location)
        assert (page.status_code, "Match" in words(page)) == (200, True)
        assert IDENTIFIER in words(page)
    assert rows_stored() == stored


def test_a_refusal_has_a_result_page(anybody: Visitor, ada) -> None:
    refused = [verification(anybody, person=1) for _ in range(6)][-1]

    assert refused.status_code == SEE_OTHER
    page = anybody.get(refused.location)
    assert "too many failures in a row" in words(page)
    seconds = int(re.search(r'data-wait="(\d+)"', page.text).group(1))
    assert 0 < seconds <= 30
    assert "http-equiv" not in page.text
    (again,) = set(re.findall(r'name="again" value="([^"]+)"', page.text))
    assert f'value="{IDENTIFIER}"' in anybody.get("/verify", query_string={"again": again}).text


def test_nobody_else_sees_a_result(app: Flask, anybody: Visitor, operator: Visitor, ada) -> None:
    address = verification(anybody).location

    for other in (Visitor(app), operator):
        page = other.get(address)
        assert page.status_code == 410
        assert "no longer shown" in words(page)
        assert IDENTIFIER not in page.text
        assert IDENTIFIER not in other.get(address.replace("/result/", "?again=")).text


def test_a_result_ends_after_a_while_and_goes(anybody: Visitor, ada) -> None:
    address = verification(anybody).location
    let_time_pass(MINUTES - 1)
    assert anybody.get(address).status_code == 200
    let_time_pass(1)

    page = anybody.get(address)
    assert page.status_code == 410
    assert f"for {MINUTES} minutes" in words(page)
    assert 'href="/verify"' in page.text
    cleanup.purge_expired()
    assert rows_stored()["page_result"] == 0


def test_an_unknown_result_gets_the_answer_of_an_expired_one(operator: Visitor) -> None:
    for path in ("/verify/result/", "/identify/result/"):
        page = operator.get(f"{path}00000000-0000-0000-0000-000000000000")
        assert page.status_code == 410
        assert "Start again" in words(page)


def test_an_operators_result_ends_with_the_session(
    app: Flask, operator: Visitor, operator_id, ada
) -> None:
    address = verification(operator).location
    assert operator.get(address).text.count("/picture") == 2

    sessions.end_all(operator_id, SERVER)

    assert operator.get(address).status_code == 410


def test_results_go_with_the_person(app: Flask, operator: Visitor, operator_id, ada) -> None:
    address = verification(operator).location

    people.delete_person(ada, Actor(operator_id))

    assert operator.get(address).status_code == 410
    assert rows_stored()["page_result"] == 0


def test_another_node_shows_the_result(
    app: Flask, anybody: Visitor, settings: Settings, engine, ada
) -> None:
    address = verification(anybody).location
    elsewhere = Visitor(create_app(changed(settings), engine))
    elsewhere.client._cookies = anybody.client._cookies

    assert "Match" in words(elsewhere.get(address))


def test_a_result_is_in_the_readers_language(anybody: Visitor, ada) -> None:
    address = verification(anybody).location

    german = anybody.get(address, headers={"Accept-Language": "de"})

    assert "Übereinstimmung" in words(german)


def test_a_rate_limited_visitor_sees_a_wait_and_one_button(settings: Settings, engine, ada) -> None:
    visitor = Visitor(create_app(changed(settings, verify_limit="1 per hour"), engine))
    verification(visitor)
    refused = verification(visitor)

    assert refused.status_code == 429
    assert refused.text.count("data-wait=") == 1
    assert 'action="/verify"' in refused.text
    reported = [sent(visitor, "/challenges", identifier=IDENTIFIER) for _ in range(2)][-1]
    assert reported.status_code == 429
    assert reported.json["code"] == "too_many_requests"
    assert reported.json["seconds"] == pytest.approx(3600, abs=120)


# Secrets that are shown once


def made_key(admin: Visitor) -> TestResponse:
    fields = {"name": "reader", "scopes": "read", "days": "30", "limit": "10 per minute"}
    return sent(admin, "/api-keys", current=PASSWORD, **fields)


def own_link(operator: Visitor, person: object) -> TestResponse:
    return sent(operator, f"/people/{person}/link")


def recovery_codes(admin: Visitor) -> TestResponse:
    secret = pyotp.random_base32()
    code = pyotp.TOTP(secret).now()
    return sent(admin, "/account/second-factor", secret=secret, code=code, current=PASSWORD)


SECRETS: dict[str, tuple[Callable[[Visitor, object], TestResponse], str]] = {
    "api key": (lambda admin, _: made_key(admin), r"sf_[0-9a-f]{32}_[\w-]+"),
    "own link": (own_link, r"http://localhost/own/[\w.-]+"),
    "recovery codes": (lambda admin, _: recovery_codes(admin), r"(?:[0-9a-f]{5}-){3}[0-9a-f]{5}"),
}


@pytest.mark.parametrize("what", SECRETS)
def test_loading_the_page_of_a_secret_again_makes_no_second_one(
    what: str, admin: Visitor, operator: Visitor, settings: Settings, ada
) -> None:
    make, pattern = SECRETS[what]
    answer = make(admin, ada)
    assert answer.status_code == SEE_OTHER
    stored = rows_stored()

    shown = [re.findall(pattern, admin.get(answer.location).text) for _ in range(2)]

    assert shown[0] == shown[1] != []
    assert {**rows_stored(), "audit_entry": 0} == {**stored, "audit_entry": 0}
    assert shown[0][0].encode() not in written_down(settings)
    assert operator.get(answer.location).status_code in {403, 410}
    let_time_pass(MINUTES)
    over = admin.get(answer.location)
    assert over.status_code == 410
    assert not re.search(pattern, over.text)

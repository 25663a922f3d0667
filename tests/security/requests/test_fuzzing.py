from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable
from time import process_time
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.routing import Rule as Route
from werkzeug.test import TestResponse

from tests.security.accounts.test_access import path_of
from tests.support.hostile import HostileRequest, Target, pictures, requests
from tests.support.installation import Visitor, rows_stored
from tests.support.served.memory import resident_bytes
from webapp.services.people.people import find_person
from webapp.web.access import Rule, rule_of
from webapp.web.cookies import cookie_name

pytestmark = pytest.mark.slow

# Processor time, so that other load on the machine does not matter.
LONGEST_SECONDS = 5
MOST_GROWTH = 100_000_000
# Routes that remove the other requests' preconditions: the session, and the enrolled people.
ENDING = {"accounts.sign_out", "account.sign_out_everywhere"}
DELETING = {"people.delete", "people.delete_anchor"}

FEW_AND_MANY = {
    "pictures": pytest.mark.parametrize(
        "number", [150, pytest.param(20_000, marks=pytest.mark.long)]
    ),
    "requests": pytest.mark.parametrize(
        "number", [150, pytest.param(5_000, marks=pytest.mark.long)]
    ),
}


class Toll:
    """The longest time, and the growth of memory after the first third of the work."""

    def __init__(self, number: int) -> None:
        self._warm = number // 3
        self._done = self._before = 0
        self.longest_seconds = 0.0

    def add(self, seconds: float) -> None:
        self.longest_seconds = max(self.longest_seconds, seconds)
        self._done += 1
        if self._done == self._warm:
            self._before = resident_bytes()

    @property
    def growth_bytes(self) -> int:
        return resident_bytes() - self._before

    def check(self) -> None:
        print(f"{self._done}: at most {self.longest_seconds:.2f} s", end=", ")
        print(f"grown by {self.growth_bytes / 1e6:.0f} MB since the first third")
        assert self.longest_seconds < LONGEST_SECONDS
        assert self.growth_bytes < MOST_GROWTH


@pytest.mark.real_faces
@FEW_AND_MANY["pictures"]
def test_hostile_pictures_are_analysed_or_refused_within_time_and_memory(
    app: Flask, anybody: Visitor, number: int
) -> None:
    token, toll, answers, before = anybody.token(), Toll(number), Counter(), rows_stored()

    for data in pictures(number):
        fields = {"csrf_token": token, "purpose": "picture", "frame": (io.BytesIO(data), "a.jpg")}
        started = process_time()
        with app.app_context():
            answer = anybody.client.post("/camera/check", data=fields)
        toll.add(process_time() - started)
        assert answer.status_code == 200
        answers["good" if answer.json["ok"] else answer.json["reasons"][0]] += 1

    print(answers)
    toll.check()
    assert rows_stored() == before
    assert answers["good"] > number // 10  # whole and broken ones, or the test proves nothing
    assert sum(answers.values()) - answers["good"] > number // 4


@FEW_AND_MANY["requests"]
def test_hostile_requests_get_an_answer_in_time_that_is_no_failure(
    app: Flask, admin: Visitor, anybody: Visitor, enrol, number: int
) -> None:
    ada = enrol("ada", photos=3)
    toll, answers, names = Toll(number), Counter(), field_names(admin)
    token, bare = admin.token(), app.test_client(use_cookies=False)

    for request in requests(number, targets(app, ada), names):
        client = bare if "Cookie" in request.headers else admin.client
        started = process_time()
        with app.app_context():
            answer = client.open(request.path, buffered=True, **options(request, token))
        toll.add(process_time() - started)
        check_harmless(request, answer)
        answers[answer.status_code] += client is admin.client

    print(answers)
    toll.check()
    assert admin.get("/audit").status_code == 200  # still signed in at the end
    assert sum(answers[code] for code in (200, 302, 422)) > number // 4


def check_harmless(request: HostileRequest, answer: TestResponse) -> None:
    assert answer.status_code < 500, request
    assert "evil=1" not in str(answer.headers), request
    assert not urlsplit(answer.location or "").netloc, request
    if answer.mimetype == "text/html":
        assert "<script>alert" not in answer.text, request


def options(request: HostileRequest, token: str) -> dict[str, object]:
    headers = {name: with_cookie_names(value) for name, value in request.headers.items()}
    asked: dict[str, object] = {"headers": headers, "method": request.method}
    if request.body is not None:
        return asked | {"data": request.body, "content_type": request.content_type}
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return asked
    fields = {"csrf_token": token, **request.fields}
    return asked | {"data": fields, "content_type": "multipart/form-data"}


def with_cookie_names(value: str) -> str:
    """Return a header with the names of the app's cookies here."""
    for kind in ("session", "device"):
        value = value.replace(f"<{kind}>", cookie_name(kind))
    return value


def targets(app: Flask, person_id: object) -> list[Target]:
    """Return every route for browsers; its objects exist unless the request deletes them."""
    anchor_id = find_person(person_id).anchors[0].id
    there = {"person_id": person_id, "anchor_id": anchor_id}

    def target(route: Route) -> Target:
        known = route.arguments <= there.keys() and route.endpoint not in DELETING
        path = route.build(there)[1] if known else path_of(route)
        return Target(path, tuple(sorted(route.methods & {"GET", "POST", "PUT", "DELETE"})))

    return [
        target(route)
        for route in app.url_map.iter_rules()
        if route.endpoint not in ENDING and isinstance(rule_of(route.endpoint), Rule)
    ]


def field_names(visitor: Visitor) -> list[str]:
    """Return the names of the pages' fields."""
    pages: Iterable[str] = ("/verify", "/people/new", "/threshold", "/account", "/people", "/audit")
    found = {name for page in pages for name in re.findall(r'name="(\w+)"', visitor.get(page).text)}
    return [*sorted(found - {"csrf_token"}), "page", "next", "q", "created_by_id", "role", "id"]

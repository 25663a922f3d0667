from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from time import monotonic

import pytest
from flask import Flask

import ml
from tests.installation import Visitor, rows_stored
from tests.security.hostile import HostileRequest, pictures, requests
from tests.security.test_access import path_of
from webapp.services.enrolment import NewPerson, store_person

LONGEST_SECONDS = 5
MOST_GROWTH = 150_000_000
PAGE_BYTES = 4096

FEW_AND_MANY = {
    "pictures": pytest.mark.parametrize(
        "number", [150, pytest.param(20_000, marks=pytest.mark.long)]
    ),
    "requests": pytest.mark.parametrize(
        "number", [150, pytest.param(5_000, marks=pytest.mark.long)]
    ),
}


def memory_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


@FEW_AND_MANY["pictures"]
def test_hostile_pictures_are_looked_at_or_refused_in_time_and_memory(
    engine: ml.Engine, number: int
) -> None:
    refused, before = 0, 0
    for count, data in enumerate(pictures(number)):
        if count == number // 3:
            before = memory_bytes()
        started = monotonic()
        try:
            engine.inspect(data)
        except ml.FaceError:
            refused += 1
        assert monotonic() - started < LONGEST_SECONDS, count

    assert memory_bytes() - before < MOST_GROWTH
    assert refused > number // 4  # most of them are really broken, or this shows nothing


def test_hostile_pictures_never_fail_a_request(app: Flask, anybody: Visitor) -> None:
    before = rows_stored()

    for data in pictures(60, seed=1):
        answer = anybody.post("/camera/check", {"frame": [data]}, purpose="picture")
        assert answer.status_code == 200

    assert rows_stored() == before


@FEW_AND_MANY["requests"]
def test_hostile_requests_get_an_answer_in_time_that_is_no_failure(
    app: Flask, admin: Visitor, known_faces, number: int
) -> None:
    store_person(NewPerson("ada", "Ada", True), known_faces[0][:1], None)
    paths = [path_of(route) for route in app.url_map.iter_rules() if "sign-out" not in route.rule]
    before = memory_bytes()

    for request in requests(number, paths, field_names(admin)):
        started = monotonic()
        answer = ask(admin, request)
        assert answer.status_code < 500, request
        assert monotonic() - started < LONGEST_SECONDS, request
        assert "evil" not in str(answer.headers), request

    assert memory_bytes() - before < MOST_GROWTH


def ask(visitor: Visitor, request: HostileRequest):
    options: dict[str, object] = {"headers": request.headers, "method": request.method}
    if request.body is not None:
        options |= {"data": request.body, "content_type": request.content_type}
    else:
        options |= {"data": {"csrf_token": visitor.token(), **request.fields}}
        if request.method not in {"GET", "HEAD", "OPTIONS"}:
            options["content_type"] = "multipart/form-data"
        else:
            options.pop("data")
    with visitor.client.application.app_context():
        return visitor.client.open(request.path, **options)


def field_names(visitor: Visitor) -> list[str]:
    """The names of the fields that pages really have."""
    pages: Iterable[str] = ("/verify", "/people/new", "/threshold", "/account", "/people", "/audit")
    found = {name for page in pages for name in re.findall(r'name="(\w+)"', visitor.get(page).text)}
    return [*sorted(found - {"csrf_token"}), "page", "next", "q", "created_by_id", "role", "id"]

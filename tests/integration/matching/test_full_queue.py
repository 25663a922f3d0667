"""While the queue of face analyses is full, requests are refused with a retry time."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support import faces
from tests.support.changed import changed
from tests.support.installation import Visitor, rows_stored, words
from webapp.inference.face_slots import face_slots
from webapp.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return changed(settings, faces_at_once=1, faces_waiting=0)


@pytest.fixture
def full_queue(app: Flask, ada) -> Iterator[None]:
    with face_slots().slot():
        yield


@pytest.fixture
def ada(operator: Visitor, people: tuple[faces.Person, ...]) -> None:
    picture = {"images": [people[0].photos[0]]}
    operator.post("/people/new", picture, identifier="ada", name="Ada", consent="y")


def kept_in(result: TestResponse) -> str:
    """Return the kept result that the retry button names."""
    return re.search(r'name="again" value="([^"]+)"', result.text).group(1)


def test_a_form_reports_a_full_queue_and_keeps_its_input(
    full_queue: None, operator: Visitor, people: tuple[faces.Person, ...]
) -> None:
    picture = [people[0].photos[1]]
    enrolled = operator.post(
        "/people/new", {"images": picture}, identifier="somebody", name="Bo Typed", consent="y"
    )
    verified = operator.post("/verify", {"frames": picture}, identifier="somebody")
    again = operator.get("/verify", query_string={"again": kept_in(verified)})

    assert enrolled.status_code == 200
    assert "Try again in 2 seconds" in words(enrolled)
    assert "Many faces are being looked at just now" in words(verified)
    for page in (enrolled, again):
        assert 'value="somebody"' in page.text
    stored = rows_stored()
    assert (stored["person"], stored["anchor"], stored["attempt"]) == (1, 1, 0)


def test_the_camera_receives_a_retry_time(
    full_queue: None, anybody: Visitor, people: tuple[faces.Person, ...]
) -> None:
    answer = anybody.post("/camera/check", {"frame": [people[0].photos[1]]})
    assert answer.json["refused"] == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.is_json


def test_pages_without_face_analysis_are_served_while_the_queue_is_full(
    full_queue: None, operator: Visitor
) -> None:
    for path in ("/", "/people", "/attempts", "/health/ready"):
        assert operator.get(path).status_code == 200


def test_ended_analyses_free_their_places(
    ada: None, anybody: Visitor, people: tuple[faces.Person, ...]
) -> None:
    for photo in people[0].photos[:2]:
        page = anybody.post("/verify", {"frames": [photo]}, identifier="ada")
        assert page.status_code == 200

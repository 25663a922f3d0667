from __future__ import annotations

import httpx
import pytest
from flask import Flask
from siamese_faces import Client, Problem

from tests.installation import rows_stored
from tests.programs import URL, Wire, key_with
from webapp.models import Scope


class LosingAnswers(Wire):
    """The app does what it is asked for, but the first answers never arrive."""

    def __init__(self, app: Flask, lost: int) -> None:
        super().__init__(app)
        self.lost = lost

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        if self.lost:
            self.lost -= 1
            raise httpx.ReadError("the connection broke")
        return response


def test_what_creates_is_sent_again_where_the_connection_breaks_and_done_once(
    app: Flask, people
) -> None:
    with Client(URL, key_with(Scope.ADMIN), LosingAnswers(app, lost=2)) as client:
        ada = client.enrol("ada", "Ada", people[0].photos[:1], consent=True)

        assert client.person(ada.id) == ada
    assert rows_stored()["person"] == 1


def test_a_connection_that_stays_broken_is_the_callers(app: Flask, people) -> None:
    with (
        Client(URL, key_with(Scope.ADMIN), LosingAnswers(app, lost=3)) as client,
        pytest.raises(httpx.ReadError),
    ):
        client.enrol("ada", "Ada", people[0].photos[:1], consent=True)


def test_what_is_no_answer_of_ours_is_a_problem_too() -> None:
    proxy = httpx.MockTransport(lambda _request: httpx.Response(502, text="<h1>Bad Gateway</h1>"))
    with Client(URL, "sf_x", proxy) as client, pytest.raises(Problem) as refused:
        client.thresholds()

    assert (refused.value.status, refused.value.code) == (502, "failed")


def test_fields_that_a_later_version_adds_are_passed_over() -> None:
    answer = {"ready": True, "obstacles": [], "colour": "blue"}
    later = httpx.MockTransport(lambda _request: httpx.Response(200, json=answer))
    with Client(URL, transport=later) as client:
        assert client.health().ready

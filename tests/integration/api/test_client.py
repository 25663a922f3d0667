from __future__ import annotations

from uuid import UUID

import httpx
import pytest
from flask import Flask
from siamese_faces import Client, Problem, Unanswered
from siamese_faces.transport import TRIES, WAITS

from tests.support.installation import rows_stored
from tests.support.programs import URL, Wire, key_with
from webapp.db.models import Scope
from webapp.services.idempotency import LONGEST_AT_WORK


class LosingAnswers(Wire):
    """A transport to the app that loses the first responses."""

    def __init__(self, app: Flask, lost: int, instead: int | None = None) -> None:
        super().__init__(app)
        self.lost, self.instead = lost, instead

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        if not self.lost:
            return response
        self.lost -= 1
        if self.instead is None:
            raise httpx.ReadError("the connection broke")
        return httpx.Response(self.instead, text="a proxy says so", request=request)


@pytest.mark.parametrize("instead", [None, 502, 504])
def test_a_creating_request_without_an_answer_is_retried_and_done_once(
    app: Flask, people, instead: int | None
) -> None:
    with Client(URL, key_with(Scope.ADMIN), LosingAnswers(app, 2, instead)) as client:
        ada = client.enrol("ada", "Ada", people[0].photos[:1], consent=True)

        assert client.person(ada.id) == ada
    assert rows_stored()["person"] == 1


def test_a_request_without_any_answer_raises_unanswered(app: Flask, people) -> None:
    with (
        Client(URL, key_with(Scope.ADMIN), LosingAnswers(app, TRIES, 502)) as client,
        pytest.raises(Unanswered),
    ):
        client.enrol("ada", "Ada", people[0].photos[:1], consent=True)


def test_thresholds_too_are_set_once_where_the_connection_breaks(app: Flask, people) -> None:
    with Client(URL, key_with(Scope.ADMIN), LosingAnswers(app, lost=1)) as client:
        everybodys = client.set_verification_threshold(60, "stricter", based_on=0)
        search = client.set_search_threshold(0.005, 4, "more found", based_on=0)

    assert (everybodys.verification.number, search.search.number) == (1, 1)


class AtWork(Wire):
    """A transport whose first request times out while the app still works on it."""

    def __init__(self, app: Flask, asked_meanwhile: int) -> None:
        super().__init__(app)
        self.left = asked_meanwhile
        self.given_up: httpx.Request | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.given_up is None:
            request.read()
            self.given_up = request
            raise httpx.ReadTimeout("too slow")
        if self.left:
            self.left -= 1
            problem = {"status": 409, "code": "answered_elsewhere", "detail": "…"}
            media_type = {"Content-Type": "application/problem+json"}
            return httpx.Response(409, json=problem, headers=media_type, request=request)
        return super().handle_request(request)


def test_the_client_waits_for_the_answer_of_a_running_first_try(app: Flask, people) -> None:
    waited: list[float] = []
    wire = AtWork(app, asked_meanwhile=3)
    with Client(URL, key_with(Scope.ADMIN), wire, wait=waited.append) as client:
        ada = client.enrol("ada", "Ada", people[0].photos[:1], consent=True)

        assert client.person(ada.id) == ada
    assert waited == [1, 2, 4]
    assert sum(WAITS) > LONGEST_AT_WORK.total_seconds()


def test_a_request_that_keeps_running_raises_a_problem(app: Flask, people) -> None:
    wire = AtWork(app, asked_meanwhile=100)
    with (
        Client(URL, key_with(Scope.ADMIN), wire, wait=lambda _seconds: None) as client,
        pytest.raises(Problem) as refused,
    ):
        client.enrol("ada", "Ada", people[0].photos[:1], consent=True)

    assert refused.value.code == "answered_elsewhere"


def test_an_invalid_id_reaches_no_other_path() -> None:
    nowhere = httpx.MockTransport(lambda _request: pytest.fail("asked"))
    with Client(URL, "sf_x", nowhere) as client:
        for wrong in ("..", "a/b", "?q=", "", "%2e%2e"):
            for ask in (
                client.person,
                client.delete,
                client.anchors,
                client.person_threshold,
                lambda text: client.picture(str(UUID(int=1)), text),
            ):
                with pytest.raises(ValueError, match="UUID"):
                    ask(wrong)


def test_a_connection_that_stays_broken_is_the_callers(app: Flask, people) -> None:
    with (
        Client(URL, key_with(Scope.ADMIN), LosingAnswers(app, lost=3)) as client,
        pytest.raises(httpx.ReadError),
    ):
        client.enrol("ada", "Ada", people[0].photos[:1], consent=True)


def test_a_response_of_another_server_is_a_problem() -> None:
    proxy = httpx.MockTransport(lambda _request: httpx.Response(502, text="<h1>Bad Gateway</h1>"))
    with Client(URL, "sf_x", proxy) as client, pytest.raises(Problem) as refused:
        client.thresholds()
    with Client(URL, transport=proxy) as client, pytest.raises(Problem) as unhealthy:
        client.health()

    for problem in (refused.value, unhealthy.value):
        assert (problem.status, problem.code) == (502, "failed")


def test_fields_of_a_later_version_are_ignored() -> None:
    answer = {"ready": True, "obstacles": [], "colour": "blue"}
    later = httpx.MockTransport(lambda _request: httpx.Response(200, json=answer))
    with Client(URL, transport=later) as client:
        assert client.health().ready

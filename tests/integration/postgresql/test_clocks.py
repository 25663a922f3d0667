"""Nodes whose own clocks are three minutes apart agree on what is over and who must wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Event
from typing import TypeVar
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import update

import ml
from tests.support.installation import ADMIN, OPERATOR, Visitor, session_cookie
from webapp import create_app
from webapp.api.reference import API_PATH
from webapp.db.clock import now
from webapp.db.engine import db
from webapp.db.models import ApiKey, Challenge, ChallengeScope, Scope
from webapp.db.transactions import unit_of_work
from webapp.errors.api import RequestInProgress
from webapp.errors.liveness import ChallengeOver
from webapp.errors.matching import MustWait
from webapp.jobs import queue as jobs
from webapp.services.accounts import api_keys
from webapp.services.accounts.api_keys import NewKey
from webapp.services.idempotency import Answer, Request, once
from webapp.services.liveness import challenges, setting
from webapp.services.liveness.setting import Liveness
from webapp.services.matching.lockout import FACE_LOCKOUT, Counter, check, count_failure
from webapp.settings import Settings

T = TypeVar("T")
APART = 90
RIGHT = time.time
BLANK = b"no picture at all"


@dataclass(frozen=True)
class Node:
    """An app on a machine whose clock is so many seconds ahead."""

    app: Flask
    ahead: float

    @contextmanager
    def at_work(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch, self.app.app_context():
            patch.setattr(time, "time", lambda: RIGHT() + self.ahead)
            yield
            db.session.remove()

    def does(self, work: Callable[..., T], *args: object) -> T:
        with self.at_work():
            return work(*args)


@pytest.fixture
def make_nodes(settings: Settings, engine: ml.Engine) -> Iterator[Callable[..., list[Node]]]:
    made: list[Node] = []

    def make(**changes: object) -> list[Node]:
        for ahead in (-APART, APART):
            node = Node(create_app(replace(settings, **changes), engine), ahead)
            node.does(lambda: db.session.connection())  # as `get_ready` does
            made.append(node)
        return made

    yield make
    for node in made:
        with node.app.app_context():
            db.engine.dispose()


@pytest.fixture
def nodes(make_nodes: Callable[..., list[Node]]) -> list[Node]:
    """Two nodes, the one whose clock is behind first."""
    return make_nodes()


def test_both_tell_the_databases_time(nodes: list[Node]) -> None:
    behind, ahead = (node.does(now) for node in nodes)

    assert abs(ahead - behind) < timedelta(seconds=APART)


def test_a_session_that_began_at_the_one_ahead_goes_on_at_the_other(nodes: list[Node]) -> None:
    behind, ahead = nodes
    there, here = Visitor(ahead.app), Visitor(behind.app)
    assert ahead.does(there.sign_in, OPERATOR).status_code == 302

    cookie = session_cookie(there)
    here.client.set_cookie(cookie.key, cookie.value)

    assert behind.does(here.get, "/people").status_code == 200


def test_a_key_ends_at_both_at_once(nodes: list[Node]) -> None:
    def make() -> str:
        return api_keys.create(NewKey("a program", {Scope.READ}), None).secret

    def let_end(seconds: int) -> None:
        with unit_of_work() as session:
            session.execute(update(ApiKey).values(expires_at=now() + timedelta(seconds=seconds)))

    def answers() -> set[int]:
        return {node.does(ask, node.app, bearer) for node in nodes}

    bearer = {"Authorization": f"Bearer {nodes[0].does(make)}"}

    nodes[0].does(let_end, 30)
    assert answers() == {200}
    nodes[0].does(let_end, -30)
    assert answers() == {401}


def ask(app: Flask, bearer: dict[str, str]) -> int:
    return app.test_client().get(f"{API_PATH}/people", headers=bearer).status_code


def test_a_challenge_goes_on_at_the_other_node_and_ends_at_both(nodes: list[Node]) -> None:
    def begin() -> UUID:
        setting.change(Liveness(ChallengeScope.ENROLMENT, "gentle"), "photos were shown", None)
        return challenges.begin("ada", "a page").id

    def let_end() -> None:
        with unit_of_work() as session:
            session.execute(update(Challenge).values(expires_at=now() - timedelta(seconds=1)))

    challenge = nodes[0].does(begin)

    assert nodes[1].does(challenges.see, challenge, "a page", 1, BLANK).frame == 2
    assert nodes[0].does(challenges.see, challenge, "a page", 2, BLANK).frame == 3
    nodes[0].does(let_end)
    with pytest.raises(ChallengeOver):
        nodes[1].does(challenges.see, challenge, "a page", 3, BLANK)


def test_an_addresses_requests_count_at_both_and_it_is_told_how_long_to_wait(
    make_nodes: Callable[..., list[Node]],
) -> None:
    nodes = make_nodes(sign_in_limit="2 per minute")

    answers = [
        node.does(Visitor(node.app).sign_in, ADMIN, "a wrong password") for node in nodes * 2
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert all(0 < int(answer.headers["Retry-After"]) <= 60 for answer in answers[2:])


def test_who_must_wait_at_one_waits_as_long_at_the_other(nodes: list[Node]) -> None:
    def fail() -> None:
        with unit_of_work() as session:
            for _ in range(FACE_LOCKOUT.free):
                count_failure(session, Counter(bytes(32), FACE_LOCKOUT))

    nodes[0].does(fail)

    for node in nodes:
        with pytest.raises(MustWait) as refused:
            node.does(check, Counter(bytes(32), FACE_LOCKOUT))
        assert 0 < refused.value.details["seconds"] <= FACE_LOCKOUT.first_wait


def test_what_is_at_work_at_one_is_not_begun_at_the_other(nodes: list[Node]) -> None:
    asked = Request(UUID(int=1), "one", b"content")

    def asking_at_the_other() -> Answer:
        db.session.rollback()
        with pytest.raises(RequestInProgress):
            nodes[1].does(once, asked, lambda: Answer(201, b"twice"))
        return Answer(201, b"once")

    assert nodes[0].does(once, asked, asking_at_the_other).body == b"once"
    assert nodes[1].does(once, asked, asking_at_the_other).body == b"once"


def test_a_job_that_one_works_on_is_not_taken_by_the_other(nodes: list[Node]) -> None:
    done: list[int] = []

    def queue() -> None:
        with unit_of_work() as session:
            jobs.enqueue(session, "count")

    def look_on(_lease: jobs.Lease) -> None:
        done.append(nodes[1].does(jobs.run_due, {"count": jobs.Kind(look_on)}, Event()))

    nodes[0].does(queue)

    assert nodes[0].does(jobs.run_due, {"count": jobs.Kind(look_on)}, Event()) == 1
    assert done == [0]

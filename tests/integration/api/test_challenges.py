from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from flask import Flask
from siamese_faces import Asked, Client, Problem

from tests.support import faces, performing
from tests.support.installation import rows_stored
from tests.support.performing import FRAME_SECONDS, Performer, clock_at, drawn
from tests.support.programs import key_with, program
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import Challenge, ChallengeScope, Scope
from webapp.services.liveness import setting
from webapp.services.liveness.setting import Liveness
from webapp.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Return settings by which every challenge is the same."""
    return performing.always_alike(settings)


@pytest.fixture
def ada(app: Flask, enrol):
    setting.change(Liveness(ChallengeScope.ENROLMENT, "gentle"), "photos were shown", SERVER)
    return enrol("ada")


class Camera:
    """Films a performer who follows the prompts; each frame advances the clock."""

    def __init__(self, performer: Performer, clock: ExitStack) -> None:
        self.performer, self.clock = performer, clock
        self.at, self.step = 0.0, None

    def __call__(self, asked: Asked) -> bytes:
        db.session.rollback()
        challenge = db.session.query(Challenge).one().id
        self.at += FRAME_SECONDS
        if asked.step != self.step:
            steps = drawn(challenge).steps
            self.performer.prompt(steps[asked.step - 1] if asked.step else None, self.at)
            self.step = asked.step
        self.clock.enter_context(clock_at(challenge, self.at))
        return self.performer.frame(self.at)


@pytest.fixture
def clock() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.mark.real_faces
def test_a_program_verifies_a_live_person(
    app: Flask, engine, ada, client: Client, clock: ExitStack
) -> None:
    verified = client.verify_live("ada", Camera(performing.live(engine), clock))

    assert verified.match
    assert verified.details.person.identifier == "ada"
    stored = rows_stored()
    assert (stored["challenge"], stored["challenge_result"], stored["attempt"]) == (0, 1, 1)


@pytest.mark.real_faces
def test_a_program_receives_the_light_to_show(
    app: Flask, engine, ada, client: Client, clock: ExitStack
) -> None:
    setting.change(
        Liveness(ChallengeScope.ENROLMENT, "gentle", light=True), "films were shown", SERVER
    )
    camera, reported = Camera(performing.lit(engine), clock), []

    def next_frame(asked: Asked) -> bytes:
        reported.append(asked.light)
        camera.performer.glow.show(asked.light, camera.at)
        return camera(asked)

    assert client.verify_live("ada", next_frame).match
    assert len(set(reported)) > 2
    assert None not in reported


@pytest.mark.real_faces
def test_a_photo_is_refused_by_a_problem_without_the_cause(
    app: Flask, engine, ada, client: Client, clock: ExitStack
) -> None:
    with pytest.raises(Problem) as refused:
        client.verify_live("ada", Camera(performing.photo(engine), clock))

    assert (refused.value.status, refused.value.code) == (422, "challenge_failed")
    assert refused.value.more.keys() <= {"type", "title"}


def test_pictures_alone_are_refused(app: Flask, people, ada, client: Client) -> None:
    before = rows_stored()
    photos = people[0].photos[:1]
    for refused in (
        lambda: client.verify("ada", photos),
        lambda: client.verify("nobody", photos),
        lambda: client.enrol("bob", "Bob", photos, consent=True),
        lambda: client.add_anchors(str(ada), photos),
    ):
        with pytest.raises(Problem) as problem:
            refused()
        assert (problem.value.status, problem.value.code) == (403, "challenge_needed")
    assert rows_stored()["person"] == before["person"]
    assert rows_stored()["attempt"] == 0


def test_a_challenge_without_the_setting_is_a_problem(app: Flask, client: Client) -> None:
    with pytest.raises(Problem) as problem:
        client.verify_live("ada", lambda _asked: faces.without_face())
    assert (problem.value.status, problem.value.code) == (409, "challenge_not_asked")


def test_another_key_cannot_continue_a_challenge(app: Flask, ada, client: Client) -> None:
    other = program(app, key_with(Scope.VERIFY))
    begun = client.http.post("/challenges", json={"identifier": "ada"})
    place = begun.headers["Location"].removeprefix("/api/v1")

    for path, body in (
        (place, {"number": 1, "picture": "AAAA"}),
        (place.replace("frames", "verdict"), {"identifier": "ada"}),
    ):
        answer = other.http.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "challenge_unknown")


def test_a_program_that_loses_an_answer_receives_the_expected_frame_number(
    app: Flask, ada, client: Client
) -> None:
    begun = client.http.post("/challenges", json={"identifier": "ada"})
    place = begun.headers["Location"].removeprefix("/api/v1")
    frame = {"number": 1, "picture": "AAAA"}
    assert client.http.post(place, json=frame).json()["frame"] == 2

    again = client.http.post(place, json=frame)

    assert (again.status_code, again.json()["code"]) == (409, "frame_out_of_order")
    assert "2" in again.json()["detail"]
    assert client.http.post(place, json=frame | {"number": 10**6}).status_code == 422


def test_a_challenge_retried_with_its_idempotency_key_is_the_same(
    app: Flask, ada, client: Client
) -> None:
    asked = {"json": {"identifier": "ada"}, "headers": {"Idempotency-Key": "one"}}
    first, again = (client.http.post("/challenges", **asked) for _ in range(2))

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    stored = rows_stored()
    assert (stored["challenge"], stored["challenge_result"]) == (1, 0)

"""Hostile requests to the routes of challenges."""

from __future__ import annotations

import io
import re
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as chosen
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.support import faces, performing
from tests.support.installation import SEE_OTHER, Visitor, rows_stored, words
from tests.support.performing import perform
from webapp.db.engine import db
from webapp.db.models import AuditEntry, Purpose
from webapp.services.liveness.challenges import CHALLENGE_LIMITS
from webapp.settings import Settings
from webapp.web.tokens import sign_challenge

FEW = chosen(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MANY = chosen(FEW, max_examples=1500)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Return settings by which every challenge is the same."""
    return performing.always_alike(settings)


@pytest.fixture
def ada(guarded: None, enrol):
    return enrol("ada", photos=1)


class Sender:
    """An attacker who sends anything, with the page's CSRF token."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor, self.token = visitor, visitor.token()

    def send(self, path: str, frame: bytes | None = None, **fields: str) -> TestResponse:
        data: dict[str, object] = {"csrf_token": self.token, **fields}
        if frame is not None:
            data["frame"] = (io.BytesIO(frame), "frame.jpg")
        with self.visitor.client.application.app_context():
            answer = self.visitor.client.post(path, data=data, content_type="multipart/form-data")
        return self.visitor.get(answer.location) if answer.status_code == SEE_OTHER else answer

    def begin(self, identifier: str = "ada") -> str:
        return self.send("/challenges", identifier=identifier).json["challenge"]


@pytest.fixture
def stranger(ada, anybody: Visitor) -> Sender:
    return Sender(anybody)


def without_token(answer: TestResponse) -> str:
    return re.sub(r'"challenge":"[^"]+"', "", answer.text)


def test_unknown_identifiers_get_the_same_answers(app: Flask, stranger: Sender) -> None:
    answers = []
    for identifier in ("ada", "nobody"):
        begun = stranger.send("/challenges", identifier=identifier)
        token = begun.json["challenge"]
        seen = stranger.send(
            "/challenges/frames", faces.without_face(), challenge=token, number="1"
        )
        judged = stranger.send("/verify", identifier=identifier, challenge=token)
        alone = stranger.visitor.post(
            "/verify", pictures={"frames": [faces.without_face()]}, identifier=identifier
        )
        pages = [words(page).replace(identifier, "…") for page in (judged, alone)]
        codes = [one.status_code for one in (begun, seen, judged, alone)]
        answers.append((codes, without_token(begun), seen.json, pages))
    assert answers[0][0] == [200, 200, 200, 200]
    assert answers[0] == answers[1]


def test_a_failed_challenge_does_not_reveal_its_cause(app: Flask, stranger: Sender) -> None:
    pages = []
    for frames in ([], [faces.without_face()] * 2, [faces.people()[0].photos[0]] * 3):
        token = stranger.begin()
        for number, frame in enumerate(frames, start=1):
            stranger.send("/challenges/frames", frame, challenge=token, number=str(number))
        pages.append(words(stranger.send("/verify", identifier="ada", challenge=token)))
    assert pages[0] == pages[1] == pages[2]
    assert "could not be confirmed" in pages[0]


def test_the_page_refuses_pictures_alone_and_shows_the_way_out(
    app: Flask, stranger: Sender, people
) -> None:
    page = stranger.visitor.post(
        "/verify", pictures={"frames": [people[0].photos[2]]}, identifier="ada"
    )

    assert page.status_code == 200
    assert "A picture alone is not enough here" in words(page)
    assert "Ask the staff" in words(page)
    assert rows_stored()["attempt"] == 0


def test_only_operators_verify_without_movements(
    app: Flask, stranger: Sender, operator: Visitor, people
) -> None:
    claim = {"identifier": "ada", "waiver": "cannot_move"}
    pictures = {"frames": [people[0].photos[2]]}
    path = "/verify/without-movements"

    assert stranger.visitor.post(path, pictures=pictures, **claim).status_code == 302
    assert rows_stored()["attempt"] == 0
    unexplained = operator.post(path, pictures=pictures, **(claim | {"waiver": ""}))
    assert unexplained.status_code == 200
    assert "Say why" in words(unexplained)
    assert "Match" in words(operator.post(path, pictures=pictures, **claim))
    assert rows_stored()["challenge_result"] == 1


def test_without_the_setting_there_is_nothing_to_waive(app: Flask, operator: Visitor) -> None:
    assert operator.get("/verify/without-movements").location == "/verify"


def test_too_large_a_frame_is_refused(app: Flask, stranger: Sender) -> None:
    frame = bytes(CHALLENGE_LIMITS.frame_bytes + 1)

    answer = stranger.send("/challenges/frames", frame, challenge=stranger.begin(), number="1")

    assert answer.status_code == 413
    assert rows_stored()["challenge_frame"] == 0


def test_without_the_token_against_forged_requests_nothing_begins(
    app: Flask, ada, anybody: Visitor
) -> None:
    with app.app_context():
        answer = anybody.client.post("/challenges", data={"identifier": "ada"})
    assert answer.status_code == 400
    assert rows_stored()["challenge"] == 0


def test_another_browser_cannot_continue_a_challenge(app: Flask, stranger: Sender) -> None:
    token, other = stranger.begin(), Sender(Visitor(app))

    for answer in (
        other.send("/challenges/frames", faces.without_face(), challenge=token, number="1"),
        stranger.send("/challenges/frames", faces.without_face(), challenge=token[:-2], number="1"),
    ):
        assert (answer.json["refused"], answer.json["code"]) == (404, "challenge_unknown")


@pytest.mark.parametrize("identifier", ["", " ", "a" * 65, "a\x00b"])
def test_an_invalid_claim_starts_no_challenge(
    app: Flask, stranger: Sender, identifier: str
) -> None:
    answer = stranger.send("/challenges", identifier=identifier)

    assert answer.json["refused"] == 422
    assert answer.json["message"]
    assert rows_stored()["challenge"] == 0


def pieces(photo: bytes) -> st.SearchStrategy[bytes]:
    """Return a strategy of frames: random bytes, and a photo cut off or altered anywhere."""
    place = st.integers(0, len(photo))
    cut = st.builds(lambda end: photo[:end], place)
    new = st.binary(min_size=1, max_size=40)
    altered = st.builds(lambda at, new: photo[:at] + new + photo[at + len(new) :], place, new)
    return st.one_of(st.binary(max_size=300), cut, altered, st.just(photo))


NUMBERS = st.one_of(st.integers(-2, 4).map(str), st.text(max_size=8))
TOKENS = st.one_of(st.just("own"), st.text(max_size=60), st.sampled_from(["cut", "stretched"]))


def run(stranger: Sender, how: chosen) -> None:
    """Send frames, numbers and tokens of any kind; only the own challenge's next frame counts."""
    own, expected = stranger.begin(), [1]
    tokens = {"own": own, "cut": own[:-3], "stretched": own + "A"}

    @how
    @given(pieces(faces.people()[0].photos[0]), NUMBERS, TOKENS)
    def check(frame: bytes, number: str, token: str) -> None:
        named = tokens.get(token, token)
        answer = stranger.send("/challenges/frames", frame, number=number, challenge=named)
        assert answer.status_code < 500
        if answer.status_code == 200 and "refused" not in answer.json:
            assert (token, int(number)) == ("own", expected[0])
            expected[0] += 1

    check()
    assert rows_stored()["attempt"] == 0


@pytest.mark.slow
def test_odd_frames_get_an_answer_that_is_no_failure(app: Flask, stranger: Sender) -> None:
    run(stranger, FEW)


@pytest.mark.long
def test_many_odd_frames_get_an_answer_that_is_no_failure(app: Flask, stranger: Sender) -> None:
    run(stranger, MANY)


def enrolment(person: int = 0, **fields: str) -> dict[str, object]:
    pictures = {"images": list(faces.people()[person].photos[:2])}
    return {"pictures": pictures, "identifier": "carol", "name": "Carol", "consent": "y"} | fields


def test_pictures_alone_enrol_nobody(app: Flask, ada, operator: Visitor) -> None:
    before = rows_stored()
    for fields in ({}, {"challenge": "forged"}):
        page = operator.post("/people/new", **enrolment(1, **fields))
        assert page.status_code == 200
        assert 'name="challenge" type="hidden" value=""' in page.text  # must be started again
    more = operator.post(
        f"/people/{ada}/anchors", pictures={"images": [faces.people()[0].photos[2]]}
    )
    assert (more.status_code, rows_stored()) == (200, before)
    assert "A picture alone is not enough here" in words(more)


def test_an_operator_enrols_without_movements_for_a_reason(
    app: Flask, ada, operator: Visitor
) -> None:
    page = operator.post("/people/new", **enrolment(1, waiver="cannot_move"))

    assert page.status_code == 302
    stored = rows_stored()
    assert (stored["person"], stored["challenge_result"]) == (2, 1)
    events = db.session.scalars(select(AuditEntry.event)).all()
    assert "challenge_waived" in events


def test_pictures_must_show_the_person_who_passed(
    app: Flask, engine, guarded, operator: Visitor
) -> None:
    """A passed challenge of one person enrols no other; then it enrols that person once."""
    sender = Sender(operator)
    with operator.client.session_transaction() as browser:
        browser["challenged"] = "known"
    passed = perform(performing.live(engine), "carol", "session known", Purpose.ENROL)
    token = sign_challenge(passed)
    other = sender.send("/challenges/passed", challenge=token, identifier="dora")
    assert other.json["refused"] == 404
    answer = sender.send("/challenges/passed", challenge=token, identifier="carol")
    assert answer.json == {"passed": True}

    other = operator.post("/people/new", **enrolment(1, challenge=token))
    assert other.status_code == 200
    assert "do not show who was before the camera: 1, 2" in words(other)
    person = operator.post("/people/new", **enrolment(0, challenge=token))
    assert person.status_code == 302
    stored = rows_stored()
    assert (stored["person"], stored["challenge"], stored["challenge_result"]) == (1, 0, 1)


def test_operators_see_how_challenges_ended_and_label_them(
    app: Flask, stranger: Sender, operator: Visitor, people
) -> None:
    token = stranger.begin()
    stranger.send("/challenges/frames", people[0].photos[0], challenge=token, number="1")
    stranger.send("/verify", identifier="ada", challenge=token)

    listed = operator.get("/attempts/movements")
    (path,) = set(re.findall(r'href="(/attempts/movements/[0-9a-f-]{36})"', listed.text))
    assert "Failed" in words(listed)
    assert "Not everything that was asked for was seen" in words(operator.get(path))
    operator.post(f"{path}/label", label="printed")
    assert "A printed photo" in words(operator.get("/attempts/movements"))
    operator.post(f"{path}/label", label="a ghost")
    assert "A printed photo" in words(operator.get("/attempts/movements"))
    assert operator.get(f"/attempts/movements/{UUID(int=0)}").status_code == 404

from __future__ import annotations

from base64 import b64encode

import pytest
from flask import Flask
from siamese_faces import Client, Problem

from ml import COVERED
from tests.support import faces
from tests.support.fake_engine import picture
from tests.support.installation import rows_stored
from tests.support.programs import key_with, program
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import FailureCount, Scope
from webapp.services.matching import verification


@pytest.fixture
def two_people(app: Flask, enrol) -> None:
    enrol("ada", photos=1)
    enrol("grace", photos=1)


def test_a_verification_decides_as_the_page_does(two_people, client: Client, people) -> None:
    photo = people[0].photos[0]
    on_the_page = verification.verify("ada", [photo], SERVER)

    verified = client.verify("ada", [photo])

    assert verified.match is on_the_page.match is True
    assert verified.score == pytest.approx(on_the_page.score)
    assert verified.details.person.identifier == "ada"
    assert not client.verify("grace", [photo]).match


def test_a_key_without_the_scope_read_sees_only_match_or_no_match(
    two_people, app: Flask, people
) -> None:
    photo = people[0].photos[0]
    with program(app, key_with(Scope.VERIFY)) as kiosk:
        known, wrong, nobody = (
            kiosk.verify(name, [photo]) for name in ("ada", "grace", "somebody")
        )
        with pytest.raises(Problem) as closed:
            kiosk.identify([photo])

    assert known.match
    assert [wrong.match, nobody.match] == [False, False]
    assert known.details is wrong.details is nobody.details is None
    assert known.score == round(known.score)
    assert wrong.notes == nobody.notes
    assert closed.value.code == "scope_missing"


def test_a_repeated_verification_counts_once(two_people, client: Client, people) -> None:
    photo = people[0].photos[0]

    first = client.verify("grace", [photo], idempotency_key="one")
    again = client.verify("grace", [photo], idempotency_key="one")

    assert again == first
    assert rows_stored()["attempt"] == 1
    assert {count.failures for count in db.session.query(FailureCount)} == {1}


@pytest.mark.parametrize("scope", [Scope.VERIFY, Scope.ADMIN])
def test_a_remembered_verification_is_deleted_with_the_person(
    two_people, app: Flask, client: Client, people, scope: Scope
) -> None:
    with program(app, key_with(scope)) as kiosk:
        for name in ("ada", "grace", "nobody"):
            kiosk.verify(name, people[0].photos[:1], idempotency_key=name)

    for name, left in (("ada", 2), ("grace", 1)):
        client.delete(next(client.people(identifier=name)).id)
        assert rows_stored()["remembered_answer"] == left


def test_after_failures_in_a_row_the_answer_holds_the_wait(
    two_people, client: Client, people
) -> None:
    for _ in range(5):
        client.verify("nobody", people[0].photos[:1])

    with pytest.raises(Problem) as waits:
        client.verify("nobody", people[0].photos[:1])

    assert (waits.value.status, waits.value.code) == (429, "must_wait")
    assert 0 < waits.value.more["seconds"] <= 30


def test_a_search_names_the_nearest_people(two_people, client: Client, people) -> None:
    found = client.identify([people[1].photos[0]], top=1)

    assert found.match
    assert found.person.identifier == "grace"
    assert [one.person.identifier for one in found.candidates] == ["grace"]
    assert found.compared == 2
    assert len(client.identify([people[1].photos[0]], top=5).candidates) == 2


def test_the_number_of_candidates_is_set_in_forms_and_json(
    two_people, client: Client, people
) -> None:
    photo = people[1].photos[0]
    in_json = {"pictures": [b64encode(photo).decode()], "top": 1}

    for sent in ({"json": in_json}, {"data": {"top": "1"}, "files": {"pictures": photo}}):
        assert len(client.http.post("/identify", **sent).json()["candidates"]) == 1
    for wrong in ("0", "51", "1.5", " 1", "one", "", "\u0661", "1" * 19):
        answer = client.http.post("/identify", data={"top": wrong}, files={"pictures": photo})
        assert (answer.status_code, set(answer.json()["errors"])) == (422, {"top"}), wrong


def test_requests_to_match_need_an_enrolled_person(client: Client, people) -> None:
    for ask in (
        lambda: client.verify("ada", people[0].photos[:1]),
        lambda: client.identify(people[0].photos[:1]),
    ):
        with pytest.raises(Problem) as refused:
            ask()
        assert refused.value.code == "nobody_enrolled"


def test_two_pictures_are_compared_and_nothing_of_them_is_stored(client: Client, people) -> None:
    before = rows_stored()

    same = client.compare(people[0].photos[0], people[0].photos[0])
    different = client.compare(people[0].photos[0], people[1].photos[0])

    assert same.match
    assert same.score > 90
    assert not different.match
    assert different.score < different.threshold_score
    counted = {"audit_entry": before["audit_entry"] + 2, "address_window": 1}
    assert rows_stored() == before | counted


@pytest.mark.real_faces
def test_faces_are_detected_with_landmarks_and_the_quality_of_the_main_one(
    client: Client, people
) -> None:
    two = faces.side_by_side(people[0].photos[0], people[1].photos[0])

    seen = client.detect(two)

    assert len(seen.faces) == 2
    assert [face.main for face in seen.faces].count(True) == 1
    for face in seen.faces:
        assert face.landmarks["left_eye"].x < face.landmarks["right_eye"].x
        assert face.box.width > 0
    assert seen.quality["reasons"] == [] or not seen.quality["good"]


def test_a_picture_without_a_face_is_no_problem_to_detection_but_is_to_comparison(
    client: Client, people
) -> None:
    empty = faces.without_face()

    assert client.detect(empty).faces == []
    assert client.detect(empty).quality is None
    with pytest.raises(Problem) as refused:
        client.compare(people[0].photos[0], empty)
    assert (refused.value.status, refused.value.code) == (422, "no_face")


@pytest.mark.parametrize("places", [(0,), (1,), (0, 1)])
def test_a_comparison_names_the_unusable_picture(
    client: Client, people, places: tuple[int, ...]
) -> None:
    pair = [b"no picture" if place in places else people[0].photos[0] for place in (0, 1)]

    with pytest.raises(Problem) as refused:
        client.compare(*pair)

    reported = [(one["place"], one["code"]) for one in refused.value.more["pictures"]]
    assert reported == [(place, "not_an_image") for place in places]
    for place in places:
        assert f"Picture {place + 1}: This is not a picture" in refused.value.detail


def test_each_of_several_frames_without_a_face_is_named(two_people, client: Client, people) -> None:
    frames = [faces.without_face(), b"no picture"]

    for ask in (lambda: client.verify("ada", frames), lambda: client.identify(frames)):
        with pytest.raises(Problem) as refused:
            ask()
        assert refused.value.code == "no_face"
        assert [one["code"] for one in refused.value.more["pictures"]] == [
            "no_face",
            "not_an_image",
        ]


@pytest.mark.parametrize("part", COVERED)
def test_two_covered_faces_are_not_compared(client: Client, part: str) -> None:
    covered, other = picture(reasons=[part]), picture(person=1, reasons=["back_lit", part])

    with pytest.raises(Problem) as refused:
        client.compare(covered, other)

    assert (refused.value.status, refused.value.code) == (422, part)
    assert [one["place"] for one in refused.value.more["pictures"]] == [0, 1]
    assert client.compare(covered, picture()).reasons == [[part], []]


def test_a_covered_face_is_verified_with_advice(two_people, client: Client) -> None:
    verified = client.verify("ada", [picture(number=1, reasons=["mouth_hidden"])])

    assert verified.match
    assert verified.reasons == ["mouth_hidden"]


def test_several_equal_faces_are_reported_and_none_is_chosen_silently(
    two_people, client: Client, people
) -> None:
    alone, two = people[0].photos[0], faces.side_by_side(people[0].photos[0], people[1].photos[0])

    assert "several_faces" in client.compare(alone, two).reasons[1]
    assert "several_faces" not in client.compare(alone, two).reasons[0]
    assert "several_faces" in client.detect(two).quality["reasons"]
    for answer in (client.verify("ada", [two]), client.identify([two])):
        assert "several_faces" in answer.reasons
        assert "several_faces" in answer.notes
    for answer in (client.verify("ada", [alone]), client.identify([alone])):
        assert "several_faces" not in (*answer.reasons, *answer.notes)

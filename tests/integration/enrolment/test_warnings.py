from __future__ import annotations

import json
import re
from uuid import UUID

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

import ml
from tests.support import faces
from tests.support.fake_engine import picture
from tests.support.installation import Visitor, rows_stored, words
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import AuditEntry
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.enrolment.warnings import (
    LIKE_SOMEBODY_ELSE,
    UNLIKE_THE_OTHERS,
    EnrolmentWarning,
    doubts_about,
    doubts_before_storing,
)
from webapp.services.people.people import find_person

Known = tuple[tuple[ml.Face, ...], ...]


def _enrolled(identifier: str, *of_person: ml.Face) -> UUID:
    return store.enrol(NewPerson(identifier, identifier.title(), True), of_person, SERVER)


def _embeddings(*of_faces: ml.Face) -> np.ndarray:
    return np.stack([face.embedding for face in of_faces])


def test_pictures_of_one_person_raise_no_doubt(app: Flask, known_faces: Known) -> None:
    person_id = _enrolled("ada", *known_faces[0][:2])
    _enrolled("bob", known_faces[1][0])
    assert doubts_about(person_id) == {}


def test_a_picture_of_another_person_is_unlike_the_others(app: Flask, known_faces: Known) -> None:
    person_id = _enrolled("ada", *known_faces[0][:2], known_faces[1][0])
    assert list(doubts_about(person_id).values()) == [(EnrolmentWarning(UNLIKE_THE_OTHERS),)]


def test_a_single_picture_cannot_be_unlike_others(app: Flask, known_faces: Known) -> None:
    assert doubts_about(_enrolled("ada", known_faces[0][0])) == {}


def test_a_person_enrolled_twice_is_noticed(app: Flask, known_faces: Known) -> None:
    _enrolled("ada", known_faces[0][0])
    again = _enrolled("ada-again", known_faces[0][0])
    assert list(doubts_about(again).values()) == [(EnrolmentWarning(LIKE_SOMEBODY_ELSE, "Ada"),)]


def test_only_the_pictures_asked_about_are_judged(app: Flask, known_faces: Known) -> None:
    person_id = _enrolled("ada", *known_faces[0][:2], known_faces[1][0])
    _enrolled("bob", known_faces[1][1])
    every = doubts_about(person_id)
    for anchor in find_person(person_id).anchors:
        expected = {anchor.id: every[anchor.id]} if anchor.id in every else {}
        assert doubts_about(person_id, [anchor.id]) == expected
    assert len(every) == 1


def test_warnings_compare_new_pictures_with_each_other(app: Flask, known_faces: Known) -> None:
    (ada, again, _), (bob, *_) = known_faces
    found = doubts_before_storing(_embeddings(ada, bob, again))
    assert found == {1: (EnrolmentWarning(UNLIKE_THE_OTHERS),)}
    assert doubts_before_storing(_embeddings(bob)) == {}


def test_warnings_compare_new_pictures_with_the_person_and_everybody(
    app: Flask, known_faces: Known
) -> None:
    (ada, again, _), (bob, *_) = known_faces
    person_id = _enrolled("ada", ada)
    _enrolled("bob", bob)
    assert doubts_before_storing(_embeddings(again), person_id) == {}
    assert doubts_before_storing(_embeddings(bob), person_id) == {
        0: (EnrolmentWarning(UNLIKE_THE_OTHERS), EnrolmentWarning(LIKE_SOMEBODY_ELSE, "Bob"))
    }
    assert doubts_before_storing(_embeddings(ada)) == {
        0: (EnrolmentWarning(LIKE_SOMEBODY_ELSE, "Ada"),)
    }


def _overridden(event: str) -> list[list[dict[str, str]]]:
    """Return, for each entry that has any, the doubts in spite of which pictures were stored."""
    db.session.rollback()
    rows = db.session.scalars(select(AuditEntry.details).where(AuditEntry.event == event))
    return [one["overridden"] for one in map(json.loads, rows) if "overridden" in one]


def test_doubts_that_an_operator_overrides_are_in_the_audit_log(
    operator: Visitor, people: tuple[faces.Person, ...]
) -> None:
    ada = _send(operator, people[0].photos[0], identifier="ada", name="Ada").location
    adas = ada.rpartition("/")[2]
    first = _send(operator, people[0].photos[1])
    (kept,), (seen,) = _fields(first.text, "kept"), _fields(first.text, "doubts_seen")
    bobs = _send(operator, kept=kept, doubts_seen=seen).location
    assert _overridden("person_enrolled") == [[{"code": LIKE_SOMEBODY_ELSE, "like": adas}]]

    again = operator.post(f"{bobs}/anchors", {"images": [people[1].photos[0]]})
    (kept,), (seen,) = _fields(again.text, "kept"), _fields(again.text, "doubts_seen")
    assert operator.post(f"{bobs}/anchors", kept=kept, doubts_seen=seen).status_code == 302
    (added,) = _overridden("anchors_added")
    assert {"code": UNLIKE_THE_OTHERS} in added


def test_without_warnings_the_audit_log_has_no_overrides(
    operator: Visitor, people: tuple[faces.Person, ...]
) -> None:
    _send(operator, people[0].photos[0])

    assert _overridden("person_enrolled") == []


def _fields(page: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}"[^>]* value="([^"]*)"', page)


def _send(operator: Visitor, *photos: bytes | tuple[bytes, str], **fields: object) -> TestResponse:
    return operator.post(
        "/people/new",
        {"images": photos},
        **{"identifier": "new", "name": "New", "consent": "y"} | fields,
    )


def test_doubts_are_shown_before_anything_is_stored(
    operator: Visitor, people: tuple[faces.Person, ...]
) -> None:
    _send(operator, people[0].photos[0], identifier="ada", name="Ada")
    first = _send(operator, people[0].photos[1])
    assert first.status_code == 200
    assert "looks like somebody who is enrolled already: Ada." in words(first)
    assert rows_stored()["person"] == 1

    (kept,), (seen,) = _fields(first.text, "kept"), _fields(first.text, "doubts_seen")
    second = _send(operator, kept=kept, doubts_seen=seen)
    assert second.status_code == 302
    assert rows_stored()["person"] == 2
    assert "looks like somebody who is enrolled already: Ada." in words(
        operator.get(second.location)
    )


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ("eyes_hidden", "The eyes are hidden."),
        ("mouth_hidden", "The mouth or nose is covered."),
        ("uncertain", "The face is partly hidden."),
    ],
)
def test_a_covered_face_is_shown_before_it_is_stored(
    operator: Visitor, part: str, sentence: str
) -> None:
    first = _send(operator, picture(reasons=[part]))
    assert sentence in words(first)
    assert "Enrol anyway" in words(first)
    assert rows_stored()["person"] == 0

    (kept,), (seen,) = _fields(first.text, "kept"), _fields(first.text, "doubts_seen")
    second = _send(operator, kept=kept, doubts_seen=seen)
    assert second.status_code == 302
    assert sentence in words(operator.get(second.location))
    assert _overridden("person_enrolled") == [[{"code": part}]]


def test_a_doubt_about_another_picture_is_shown_again(
    operator: Visitor, people: tuple[faces.Person, ...]
) -> None:
    _send(operator, people[0].photos[0], identifier="ada", name="Ada")
    first = _send(operator, people[0].photos[1])
    (seen,) = _fields(first.text, "doubts_seen")
    assert _send(operator, people[0].photos[2], doubts_seen=seen).status_code == 200
    assert rows_stored()["person"] == 1


@pytest.mark.parametrize("wrong", [{"identifier": ""}, {"consent": ""}, {"name": " "}])
def test_no_good_picture_is_lost_by_bad_input(
    operator: Visitor, people: tuple[faces.Person, ...], wrong: dict[str, str]
) -> None:
    photos = [(photo, f"day {n}, home.jpg") for n, photo in enumerate(people[0].photos[:2])]
    first = _send(operator, *photos, (faces.without_face(), "wall.jpg"), **wrong)
    assert first.status_code == 200
    kept = _fields(first.text, "kept")
    assert len(kept) == 2
    assert all(name in words(first) for _, name in photos)

    second = _send(operator, kept=kept)
    assert second.status_code == 302
    assert rows_stored()["anchor"] == 2


@pytest.mark.parametrize("value", ["", "no comma", "a.jpg,not base64!", "%ff,AAAA"])
def test_an_invalid_kept_picture_is_refused(operator: Visitor, value: str) -> None:
    answer = _send(operator, kept=value)
    assert answer.status_code == 200
    assert "not a picture we can read" in words(answer)


def test_added_pictures_are_doubted_before_they_are_stored(
    operator: Visitor, known_faces: Known, people: tuple[faces.Person, ...]
) -> None:
    person_id = _enrolled("ada", *known_faces[0][:2])
    place = f"/people/{person_id}/anchors"
    first = operator.post(place, {"images": [people[1].photos[0]]})
    assert "does not look like the person’s other pictures" in words(first)
    assert rows_stored()["anchor"] == 2

    (kept,), (seen,) = _fields(first.text, "kept"), _fields(first.text, "doubts_seen")
    assert operator.post(place, kept=kept, doubts_seen=seen).status_code == 302
    assert rows_stored()["anchor"] == 3

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

import ml
from tests import faces
from tests.installation import Visitor, words
from webapp.services.doubts import LIKE_SOMEBODY_ELSE, UNLIKE_THE_OTHERS, doubts_about
from webapp.services.enrolment import NewPerson, store_person

Known = tuple[tuple[ml.Face, ...], ...]


def _enrolled(identifier: str, *of_person: ml.Face) -> UUID:
    return store_person(NewPerson(identifier, identifier.title(), True), of_person, None)


def test_pictures_of_one_person_raise_no_doubt(app: Flask, known_faces: Known) -> None:
    person_id = _enrolled("ada", *known_faces[0][:2])
    _enrolled("bob", known_faces[1][0])
    assert doubts_about(person_id) == ()


def test_a_picture_of_somebody_else_is_unlike_the_others(app: Flask, known_faces: Known) -> None:
    person_id = _enrolled("ada", *known_faces[0][:2], known_faces[1][0])
    (doubt,) = doubts_about(person_id)
    assert (doubt.code, doubt.name) == (UNLIKE_THE_OTHERS, None)


def test_a_single_picture_cannot_be_unlike_others(app: Flask, known_faces: Known) -> None:
    assert doubts_about(_enrolled("ada", known_faces[0][0])) == ()


def test_a_person_enrolled_twice_is_noticed(app: Flask, known_faces: Known) -> None:
    _enrolled("ada", known_faces[0][0])
    again = _enrolled("ada-again", known_faces[0][0])
    (doubt,) = doubts_about(again)
    assert (doubt.code, doubt.name) == (LIKE_SOMEBODY_ELSE, "Ada")


@pytest.mark.usefixtures("app")
def test_the_persons_page_says_what_is_doubtful(
    operator: Visitor, people: tuple[faces.Person, ...]
) -> None:
    for identifier in ("ada", "ada-again"):
        answer = operator.post(
            "/people/new",
            {"images": [people[0].photos[0]]},
            identifier=identifier,
            name=identifier.title(),
            consent="y",
        )
    page = words(operator.get(answer.headers["Location"]))
    assert "looks like somebody who is enrolled already: Ada." in page

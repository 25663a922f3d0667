"""The list of lookalikes agrees with the decisions of verification and identification."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

import ml
from tests.support.installation import Visitor, words
from webapp.core.actor import SERVER
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.enrolment.warnings import LIKE_SOMEBODY_ELSE, doubts_about
from webapp.services.matching.verification import verify
from webapp.services.people.similar_people import build_review_list
from webapp.services.thresholds import per_person, verification

Known = tuple[tuple[ml.Face, ...], ...]
# By rule `max` one photo of the same face suffices; by the mean of all it does not.
RULES = pytest.mark.parametrize(("rule", "is_enough"), [("best", True), ("mean", False)])


@pytest.fixture
def third(engine: ml.Engine, people) -> list[ml.Face]:
    """Return photos of a person whose face two others are enrolled with."""
    return [engine.analyse(photo, purpose="enrol") for photo in people[2].photos[:2]]


@pytest.fixture
def ada(app: Flask, known_faces: Known, third: list[ml.Face]) -> UUID:
    faces = (*known_faces[0], third[0])
    return store.enrol(NewPerson("ada", "Ada", True), faces, SERVER)


@pytest.fixture
def bob(app: Flask, known_faces: Known, third: list[ml.Face]) -> UUID:
    faces = (*known_faces[1], third[1])
    return store.enrol(NewPerson("bob", "Bob", True), faces, SERVER)


def by(rule: str) -> None:
    verification.change(70, "by another rule", SERVER, rule=rule)


@RULES
def test_two_people_are_lookalikes_if_verification_matches_them(
    ada: UUID, bob: UUID, people, admin: Visitor, rule: str, is_enough: bool
) -> None:
    by(rule)

    (pair,) = build_review_list().lookalikes

    assert verify("bob", [people[2].photos[0]], SERVER).match is is_enough
    assert pair.could_pass is is_enough
    assert ("could pass" in words(admin.get("/threshold/pairs"))) is is_enough


def test_stricter_own_thresholds_prevent_lookalikes(ada: UUID, bob: UUID) -> None:
    assert build_review_list().lookalikes[0].could_pass

    for person_id in (ada, bob):
        per_person.change(person_id, 50, "they are alike", SERVER, confirmed=True)

    assert not build_review_list().lookalikes[0].could_pass


@RULES
def test_a_picture_resembles_another_person_if_identification_finds_them(
    ada: UUID, bob: UUID, rule: str, is_enough: bool
) -> None:
    by(rule)

    codes = {doubt.code for doubts in doubts_about(ada).values() for doubt in doubts}

    assert (LIKE_SOMEBODY_ELSE in codes) is is_enough

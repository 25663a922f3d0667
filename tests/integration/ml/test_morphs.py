"""Every shipped engine treats the synthetic people of the tests as people."""

from __future__ import annotations

from itertools import combinations

import pytest

import ml
from tests.support import faces

Faces = list[list[ml.Face]]


@pytest.fixture(scope="module")
def analysed(real_engine: ml.Engine, people: tuple[faces.Person, ...]) -> Faces:
    return [
        [real_engine.analyse(each, purpose="enrol") for each in person.photos] for person in people
    ]


def test_photos_of_one_person_match(real_engine: ml.Engine, analysed: Faces) -> None:
    pairs = [pair for person in analysed for pair in combinations(person, 2)]
    assert all(real_engine.compare(*pair).match for pair in pairs)


def test_no_two_people_match(real_engine: ml.Engine, analysed: Faces) -> None:
    pairs = [(a, b) for one, other in combinations(analysed, 2) for a in one for b in other]
    assert not any(real_engine.compare(*pair).match for pair in pairs)


def test_every_synthetic_face_has_good_quality(real_engine: ml.Engine, analysed: Faces) -> None:
    seen = [face.quality.reasons for person in analysed for face in person]
    assert not any(seen)

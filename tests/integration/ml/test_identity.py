"""Photos of real people, including profiles, hats, and years between two photos."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

import ml
from ml.lab.evaluation.protocols.photos import SHARED

pytestmark = pytest.mark.real_faces

# People of the test split with manually inspected photos: one clear face, one identity.
PEOPLE = ("07270", "07254", "07211")
PHOTOS = 12


@pytest.mark.data
def test_real_people_are_distinguished(engine: ml.Engine) -> None:
    people = [
        [
            engine.analyse(path.read_bytes(), purpose="verify")
            for path in sorted((SHARED / "celeba_wild" / "test" / person).iterdir())[:PHOTOS]
        ]
        for person in PEOPLE
    ]
    genuine = [engine.compare(a, b) for person in people for a, b in combinations(person, 2)]
    impostor = [
        engine.compare(a, b) for one, other in combinations(people, 2) for a in one for b in other
    ]

    assert np.mean([each.match for each in genuine]) > 0.75
    assert not any(each.match for each in impostor)

"""Trials of a calibration, on synthetic people; other tests check the shipped ones."""

from __future__ import annotations

from math import comb
from pathlib import Path

import numpy as np
import pytest

from ml.lab.calibration.measure import SHARING_A_PHOTO, measure, usable
from ml.lab.evaluation.embed import Embedded
from ml.lab.evaluation.protocols.photos import Photos, ProtocolError
from ml.normalisation import PLAIN_COSINE

pytestmark = pytest.mark.slow

PEOPLE, PHOTOS, STRANGERS = 8, 6, 30
NAMES = tuple(f"person {number}" for number in range(PEOPLE))
PERSON = np.concatenate([np.repeat(np.arange(PEOPLE), PHOTOS), PEOPLE + np.arange(STRANGERS)])
# Pairs of photos of different people.
KNOWN_PAIRS = PEOPLE * (PEOPLE - 1) // 2 * PHOTOS**2
STRANGER_PAIRS = PEOPLE * PHOTOS * STRANGERS


def drawn(spread: float, crowded: float = 0.0, seed: int = 3) -> np.ndarray:
    """Return embeddings, float32 (n, 16); `crowded` shifts them to one point, as a weak network."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(PEOPLE + STRANGERS, 16))[PERSON]
    vectors = centres + spread * generator.normal(size=centres.shape)
    vectors[:, 0] += crowded
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def embedded(vectors: np.ndarray, names: tuple[str, ...] = NAMES) -> Embedded:
    strangers = tuple(f"stranger {number}" for number in range(STRANGERS))
    paths = tuple(Path(f"{number}.jpg") for number in range(len(PERSON)))
    return Embedded(
        photos=Photos(paths, PERSON, names + strangers),
        usable=np.ones(len(PERSON), bool),
        single=vectors,
        mirrored=vectors,
        landmarks=np.zeros((len(PERSON), 5, 2), np.float32),
        failures=(),
    )


def impostor_trials(table: dict) -> int:
    return table["pairs"]["impostor_trials"]


def test_a_weak_network_keeps_its_hardest_impostors():
    crowded = drawn(spread=1.0, crowded=200.0)
    assert (crowded @ crowded.T).min() > 0.995  # all faces are as similar as duplicates

    table = measure("weak", PLAIN_COSINE(crowded), PERSON, NAMES, {})

    assert impostor_trials(table) == KNOWN_PAIRS + STRANGER_PAIRS
    assert table["made_from"]["identities_sharing_a_photo"] == []
    _vectors, _person, dropped = usable(crowded, PERSON, NAMES)
    assert dropped <= 1  # the most similar stranger


@pytest.mark.parametrize("spread", [0.1, 1.0])
def test_identities_that_share_a_photo_are_the_known_ones_for_every_model(spread):
    names = (*SHARING_A_PHOTO[0], *NAMES[2:])
    table = measure("any", PLAIN_COSINE(drawn(spread)), PERSON, names, {})
    assert impostor_trials(table) == KNOWN_PAIRS + STRANGER_PAIRS - PHOTOS**2
    assert table["made_from"]["identities_sharing_a_photo"] == [list(SHARING_A_PHOTO[0])]


def test_a_stranger_who_is_a_known_identity_is_left_out_of_the_trials():
    vectors = drawn(spread=0.3)
    double = np.flatnonzero(PERSON == PEOPLE + 4)
    vectors[double] = vectors[0]

    kept, person, dropped = usable(vectors, PERSON, NAMES)

    assert dropped == 1
    assert PEOPLE + 4 not in person
    table = measure("any", PLAIN_COSINE(kept), person, NAMES, {})
    assert table["made_from"]["strangers"] == STRANGERS - 1
    assert impostor_trials(table) == KNOWN_PAIRS + STRANGER_PAIRS - PEOPLE * PHOTOS


def test_true_strangers_stay_however_alike_the_hardest_are():
    _vectors, _person, dropped = usable(drawn(spread=0.3), PERSON, NAMES)
    assert dropped == 0


def test_a_pair_of_people_supports_a_rate_once():
    known = PERSON < PEOPLE
    table = measure("any", PLAIN_COSINE(drawn(0.3)[known]), PERSON[known], NAMES, {})
    curves = [
        curve for by_anchors in table["verification"].values() for curve in by_anchors.values()
    ]
    for curve in (table["pairs"], *curves):
        assert curve["far_supported"] == pytest.approx(3 / comb(PEOPLE, 2), rel=0.05)


def test_fewer_than_two_people_are_refused_with_the_required_number():
    pair = SHARING_A_PHOTO[0]
    known = PERSON < 2
    with pytest.raises(ProtocolError, match="give more people"):
        measure("any", PLAIN_COSINE(drawn(0.3)[known]), PERSON[known], pair, {})


def test_too_few_photos_are_refused_with_the_required_number():
    first_five = np.concatenate([np.flatnonzero(one == PERSON)[:5] for one in range(PEOPLE)])
    with pytest.raises(ProtocolError, match="give more photos"):
        measure("any", PLAIN_COSINE(drawn(0.3)[first_five]), PERSON[first_five], NAMES, {})

from __future__ import annotations

import numpy as np
import pytest

from ml.lab.evaluation.measures import impostors
from ml.lab.evaluation.measures.impostors import EDGES, REFUSED, Side, compare_strangers
from ml.normalisation import PLAIN_COSINE


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Compute in several blocks despite few photos."""
    monkeypatch.setattr(impostors, "BLOCK", 7)


@pytest.fixture
def photos() -> tuple[Side, np.ndarray]:
    generator = np.random.default_rng(5)
    person = generator.integers(0, 6, 25)
    embeddings = generator.normal(size=(25, 4)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    return Side(PLAIN_COSINE(embeddings), generator.random(25) > 0.1), person


def slowly(first: Side, second: Side, person: np.ndarray, *, once: bool) -> list[float]:
    found = []
    for a in range(len(person)):
        for b in range(a + 1 if once else 0, len(person)):
            if person[a] != person[b]:
                usable = first.usable[a] and second.usable[b]
                similarity = first.embeddings[[a]].paired(second.embeddings[[b]])[0]
                found.append(float(similarity) if usable else REFUSED)
    return sorted(found, reverse=True)


def test_each_pair_of_strangers_is_compared_once(photos):
    side, person = photos
    compared = compare_strangers(side, person)
    expected = slowly(side, side, person, once=True)
    np.testing.assert_allclose(compared.similarity, expected, atol=1e-6)
    assert compared.total == len(expected)
    above_half = compared.counts[EDGES[:-1] >= 0.5].sum()
    assert above_half == sum(similarity >= 0.5 for similarity in expected)


def test_two_states_of_the_photos_are_compared_either_way(photos):
    side, person = photos
    other = Side(side.embeddings[::-1], side.usable)
    compared = compare_strangers(side, person, other)
    expected = slowly(side, other, person, once=False)
    np.testing.assert_allclose(compared.similarity, expected, atol=1e-6)
    rows = side.embeddings[compared.first].paired(other.embeddings[compared.second])
    seen = compared.similarity > REFUSED
    np.testing.assert_allclose(rows[seen], compared.similarity[seen], atol=1e-6)


@pytest.mark.parametrize("twice", [False, True])
def test_people_count_as_many_comparisons_as_they_have(photos, twice):
    side, person = photos
    compared = compare_strangers(side, person, side if twice else None)
    _, total = compared.trials.weigh(np.ones(person.max() + 1, np.float32))
    assert total == compared.total


def test_only_the_most_similar_are_kept(photos):
    side, person = photos
    everything = compare_strangers(side, person)
    kept = compare_strangers(side, person, most_kept=20)
    assert 20 <= len(kept.similarity) < len(everything.similarity)
    np.testing.assert_array_equal(kept.similarity, everything.similarity[: len(kept.similarity)])
    assert kept.total == everything.total

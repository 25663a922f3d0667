from __future__ import annotations

import numpy as np
import pytest

from ml.lab.evaluation.measures.anchors import DRAWS
from ml.lab.evaluation.measures.open_set import StrangerSearches, search_as_strangers
from ml.normalisation import PLAIN_COSINE, Normalised

KNOWN, STRANGERS = 30, 40


@pytest.fixture
def embeddings() -> Normalised:
    vectors = np.random.default_rng(1).normal(size=(KNOWN * 2 + STRANGERS, 16)).astype(np.float32)
    return PLAIN_COSINE(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


PERSON = np.concatenate([np.repeat(np.arange(KNOWN), 2), KNOWN + np.arange(STRANGERS)])


def test_enrolled_people_are_no_stranger_probes(embeddings):
    everybody = search_as_strangers(embeddings, PERSON, KNOWN, size=KNOWN, anchors=2, rule="best")
    assert everybody is not None
    assert set(everybody.person) == set(range(KNOWN, KNOWN + STRANGERS))
    strangers = embeddings[PERSON >= KNOWN]
    best = strangers.similarities(embeddings[PERSON < KNOWN]).max(axis=1)
    # All candidates are enrolled with all their photos, so every draw is the same.
    np.testing.assert_allclose(np.sort(everybody.top)[::DRAWS], np.sort(best), rtol=1e-5)


def test_strangers_fill_a_gallery_of_single_anchors_only(embeddings):
    size = KNOWN + 10
    filled = search_as_strangers(embeddings, PERSON, KNOWN, size=size, anchors=1, rule="best")
    assert filled is not None
    assert len(np.unique(filled.person)) <= STRANGERS
    assert not search_as_strangers(embeddings, PERSON, KNOWN, size=size, anchors=2, rule="best")


def test_too_few_left_to_search_give_nothing(embeddings):
    size = KNOWN + STRANGERS - 19
    assert not search_as_strangers(embeddings, PERSON, KNOWN, size=size, anchors=1, rule="best")


def test_the_threshold_lets_no_larger_share_pass():
    searches = StrangerSearches(np.linspace(0, 0.99, 100, dtype=np.float32), np.arange(100))
    threshold = searches.threshold(0.05)
    assert (searches.top >= threshold).sum() == 5
    low, high = searches.interval(threshold)
    assert low < 0.05 < high
    assert low == pytest.approx(0.01, abs=0.01)
    assert high == pytest.approx(0.095, abs=0.015)

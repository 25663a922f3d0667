from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.matching import Anchors, UnknownRule, match_rules, person_similarities


def unit_rows(generator: np.random.Generator, rows: int) -> np.ndarray:
    values = generator.normal(size=(rows, 8))
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def one_by_one(rule: str, probe: np.ndarray, anchors: np.ndarray) -> float:
    values = sorted((float(anchor @ probe) for anchor in anchors), reverse=True)
    if rule == "best":
        return values[0]
    if rule == "mean":
        return sum(values) / len(values)
    return sum(values[:3]) / len(values[:3])


@given(st.lists(st.integers(1, 6), min_size=1, max_size=5), st.integers(0, 1000))
def test_every_rule_equals_a_loop_over_people(counts, seed):
    generator = np.random.default_rng(seed)
    embeddings, probe = unit_rows(generator, sum(counts)), unit_rows(generator, 1)[0]
    starts = np.cumsum([0, *counts[:-1]])
    anchors = Anchors(starts, len(embeddings))
    groups = np.split(embeddings, starts[1:])
    for rule in match_rules:
        together = person_similarities(embeddings @ probe, anchors, rule)
        np.testing.assert_allclose(
            together, [one_by_one(rule, probe, group) for group in groups], atol=1e-5
        )


def test_many_probes_at_once_equal_one_after_the_other():
    generator = np.random.default_rng(0)
    embeddings, probes = unit_rows(generator, 7), unit_rows(generator, 3)
    anchors = Anchors(np.array([0, 2, 6]), 7)
    for rule in match_rules:
        together = person_similarities(embeddings @ probes.T, anchors, rule)
        for column, probe in enumerate(probes):
            alone = person_similarities(embeddings @ probe, anchors, rule)
            np.testing.assert_allclose(together[:, column], alone, atol=1e-6)


def test_nobody_enrolled_gives_nothing():
    anchors = Anchors(np.array([], int), 0)
    assert person_similarities(np.empty(0, np.float32), anchors).shape == (0,)


def test_unknown_rule_lists_the_known():
    anchors = Anchors(np.array([0]), 1)
    with pytest.raises(UnknownRule, match="best, mean, top"):
        person_similarities(np.ones(1, np.float32), anchors, "median")

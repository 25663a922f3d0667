from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from ml import load_artifact, load_calibration
from ml.lab.fairness.demographic_differentials import (
    GroupRate,
    differentials,
    false_match_rate,
    false_non_matches,
    groups_by_proxy,
    scales_of,
)
from ml.normalisation import PLAIN_COSINE


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_the_share_of_pairs_that_pass_equals_a_slow_count() -> None:
    vectors = unit(np.random.default_rng(1).normal(size=(20, 4)))
    slowly = np.mean([float(a @ b) >= 0.4 for a, b in combinations(vectors, 2)])

    measured = false_match_rate("anybody", PLAIN_COSINE(vectors), 0.4)

    assert measured.rate == pytest.approx(slowly)
    assert measured.low < measured.rate < measured.high
    assert measured.members == 20


def test_where_nobody_or_everybody_passes_there_is_no_doubt() -> None:
    same = PLAIN_COSINE(np.repeat(np.array([[1.0, 0.0]], np.float32), 30, axis=0))
    everybody = false_match_rate("one face", same, 0.9)
    assert (everybody.rate, everybody.low, everybody.high) == pytest.approx((1, 1, 1))
    nobody = false_match_rate("strangers", PLAIN_COSINE(np.eye(30, dtype=np.float32)), 0.9)
    assert (nobody.rate, nobody.low, nobody.high) == (0, 0, 0)


def test_people_belong_to_the_group_of_their_nearest_faces() -> None:
    generator = np.random.default_rng(2)
    middles = np.eye(4)[:2]
    cohort = unit(np.repeat(middles, 40, axis=0) + 0.1 * generator.normal(size=(80, 4)))
    people = unit(np.repeat(middles[::-1], 6, axis=0) + 0.1 * generator.normal(size=(12, 4)))

    found = groups_by_proxy(people, np.repeat([0, 1], 6), cohort, np.repeat([0, 1], 40))

    assert found.tolist() == [1, 0]


def test_false_non_matches_are_counted_for_each_group() -> None:
    # Three people of one group whose photos are all alike, and three of another whose are not.
    alike = np.repeat(np.eye(6)[:3], 2, axis=0)
    unlike = np.eye(12)[:, :6][:6]
    faces = np.zeros((12, 12), np.float32)
    faces[:6, :6], faces[6:, 6:] = alike, unlike
    person = np.repeat(np.arange(6), 2)

    found = list(
        false_non_matches(
            PLAIN_COSINE(faces), person, ("alike", "unlike"), np.array([0, 0, 0, 1, 1, 1]), 0.5
        )
    )

    assert [(row.group, row.members, row.rate) for row in found] == [
        ("alike", 3, 0.0),
        ("unlike", 3, 1.0),
    ]


def test_both_scales_have_the_default_rate_on_the_calibrations_people() -> None:
    artifact = load_artifact("open")
    calibration = load_calibration(artifact.folder, artifact.model_id)

    cosine, normalised = scales_of(calibration)

    assert normalised.threshold == calibration.default_threshold
    assert calibration.carried_over(cosine.threshold, "") == pytest.approx(
        calibration.threshold_at_far(calibration.default_far), abs=1e-3
    )
    assert len(scales_of(replace(calibration, former={}))) == 1


def test_the_worst_group_is_compared_with_the_best_and_the_mean() -> None:
    rates = [GroupRate(name, 9, rate, 0, 1) for name, rate in (("a", 0.04), ("b", 0.01))]
    assert differentials(rates) == "worst a: 4.0 × the best, 2.0 × the mean"

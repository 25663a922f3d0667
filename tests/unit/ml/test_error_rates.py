from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import binomtest
from sklearn.metrics import roc_curve

from ml.error_rates import (
    Trials,
    bootstrap_interval,
    equal_error_rate,
    error_rates,
    fold_accuracy,
    share_interval,
    tar_at_far,
    threshold_at_far,
    upper_bound_without_errors,
)

similarities = arrays(np.float64, st.integers(1, 40), elements=st.floats(-1, 1, width=32))


def test_rates_by_hand():
    rates = error_rates(np.array([0.9, 0.6]), np.array([0.7, 0.2]), np.array([0.5, 0.65, 0.8]))
    assert rates.far.tolist() == [0.5, 0.5, 0.0]
    assert rates.frr.tolist() == [0.0, 0.5, 0.5]


@given(similarities, similarities)
def test_rates_agree_with_scikit_learn(genuine, impostor):
    labels = np.concatenate([np.ones(len(genuine)), np.zeros(len(impostor))])
    far, tar, thresholds = roc_curve(
        labels, np.concatenate([genuine, impostor]), drop_intermediate=False
    )
    rates = error_rates(genuine, impostor, thresholds[1:])
    np.testing.assert_allclose(rates.far, far[1:], atol=1e-12)
    np.testing.assert_allclose(rates.frr, 1 - tar[1:], atol=1e-12)


@given(similarities, st.floats(0, 1))
def test_threshold_keeps_its_far_and_the_next_lower_one_would_not(impostor, far):
    threshold = threshold_at_far(impostor, far)
    assert np.mean(impostor >= threshold) <= far + 1e-9
    lower = impostor[impostor < threshold]
    if len(lower) and threshold > impostor.min():
        assert np.mean(impostor >= lower.max()) > far - 1e-9


def test_tar_counts_genuine_at_that_threshold():
    impostor = np.arange(100) / 1000
    genuine = np.array([0.05, 0.0985, 0.2, 0.3])
    assert tar_at_far(genuine, impostor, 0.01) == 0.75


def test_equal_error_rate_of_separated_and_of_mixed_scores():
    assert equal_error_rate(np.array([0.8, 0.9]), np.array([0.1, 0.2])) == 0
    assert equal_error_rate(np.array([0.4, 0.9]), np.array([0.1, 0.5])) == pytest.approx(0.5)


def test_fold_accuracy_chooses_the_threshold_on_the_other_folds():
    similarity = np.array([0.9, 0.1, 0.8, 0.15, 0.3, 0.7])
    same = np.array([True, False] * 3)
    fold = np.array([0, 0, 1, 1, 2, 2])
    result = fold_accuracy(similarity, same, fold)
    assert result.folds == (1.0, 1.0, 0.0)
    assert result.accuracy == pytest.approx(2 / 3)
    assert result.standard_error == pytest.approx(np.std([1, 1, 0], ddof=1) / np.sqrt(3))


def test_a_pair_without_a_face_counts_as_an_error():
    similarity = np.array([0.9, 0.1, 0.8, np.nan])
    result = fold_accuracy(similarity, np.array([True, False] * 2), np.array([0, 0, 1, 1]))
    assert result.folds[1] == 0.5


@given(
    arrays(np.int64, 30, elements=st.integers(0, 4)),
    arrays(np.int64, 30, elements=st.integers(0, 4)),
    arrays(np.float32, 30, elements=st.floats(-1, 1, width=16)),
    arrays(np.float32, 5, elements=st.integers(0, 3)),
)
def test_weighted_shares_equal_a_loop_over_trials(probe, anchor, similarity, weights):
    thresholds = np.array([-0.5, 0.0, 0.5], np.float32)
    counts = Trials(similarity, probe, anchor).counts_above(thresholds)
    shares = counts.shares(weights[None])[0]
    total, passed = 0.0, np.zeros(3)
    for p, a, s in zip(probe, anchor, similarity, strict=True):
        times = weights[p] if p == a else weights[p] * weights[a]
        total += times
        passed += times * (s >= thresholds)
    np.testing.assert_allclose(shares, passed / max(total, 1), rtol=1e-5)


def test_interval_agrees_with_a_slow_bootstrap_over_people():
    generator = np.random.default_rng(3)
    people = 12
    probe = np.repeat(np.arange(people), 8)
    level = generator.normal(0.6, 0.15, people)
    similarity = (level[probe] + generator.normal(0, 0.1, len(probe))).astype(np.float32)
    thresholds = np.array([0.5, 0.6], np.float32)
    counts = Trials(similarity, probe, probe).counts_above(thresholds)
    low, high = bootstrap_interval(counts, [np.arange(people)], rounds=2000, seed=1)
    slow = []
    for _ in range(2000):
        drawn = generator.choice(people, people)
        values = np.concatenate([similarity[probe == person] for person in drawn])
        slow.append([(values >= threshold).mean() for threshold in thresholds])
    np.testing.assert_allclose(low, np.quantile(slow, 0.025, axis=0), atol=0.02)
    np.testing.assert_allclose(high, np.quantile(slow, 0.975, axis=0), atol=0.02)


def test_interval_over_people_is_wider_than_over_pairs():
    probe = np.repeat(np.arange(10), 50)
    similarity = np.where(probe < 5, 0.2, 0.8).astype(np.float32)
    counts = Trials(similarity, probe, probe).counts_above(np.array([0.5], np.float32))
    low, high = bootstrap_interval(counts, [np.arange(10)])
    assert high[0] - low[0] > 0.4


def test_no_error_seen_still_allows_three_in_n():
    assert upper_bound_without_errors(3000) == 0.001
    assert upper_bound_without_errors(0) == 1


@pytest.mark.parametrize(("errors", "trials"), [(1, 20), (7, 20), (20, 20), (3, 2000)])
def test_the_interval_of_a_share_is_wilsons(errors: int, trials: int):
    expected = binomtest(errors, trials).proportion_ci(method="wilson")

    assert share_interval(errors, trials) == pytest.approx(tuple(expected), abs=1e-4)


def test_the_interval_of_a_share_without_errors_ends_at_three_in_n():
    assert share_interval(0, 60) == (0.0, 0.05)
    assert share_interval(0, 0) == (0.0, 1.0)

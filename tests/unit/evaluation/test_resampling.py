from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.error_rates import equal_error_rate, resampled_people, tar_at_far, threshold_at_far
from ml.lab.evaluation.measures.impostors import Side, compare_strangers
from ml.lab.evaluation.measures.resampling import (
    ROUNDS,
    SEED,
    Estimate,
    PairTrials,
    PersonTrials,
    accuracy,
    mean_of,
)
from ml.normalisation import PLAIN_COSINE

PEOPLE = 5
FARS = (0.3, 0.1, 0.01)

similarities = arrays(np.float32, st.integers(1, 60), elements=st.floats(-1, 1, width=16))


def trials_of(similarity: np.ndarray) -> PersonTrials:
    return PersonTrials.of(similarity, np.arange(len(similarity)) % PEOPLE)


@given(similarities, similarities)
def test_figures_of_trials_as_they_are_agree_with_plain_counting(genuine, impostor):
    measured = accuracy(trials_of(genuine), trials_of(impostor), FARS, PEOPLE, rounds=1)
    for point in measured.points:
        assert point.tar.value == pytest.approx(tar_at_far(genuine, impostor, point.far))
        accepted = np.mean(impostor >= np.float32(point.threshold))
        assert accepted == np.mean(impostor >= threshold_at_far(impostor, point.far))


@given(
    arrays(np.float32, st.integers(2, 60), elements=st.floats(-1, 1, width=32), unique=True),
    st.integers(1, 59),
)
def test_equal_error_rate_agrees_with_plain_counting(both, cut):
    genuine, impostor = both[:cut], both[cut:]
    if not len(impostor):
        return
    measured = accuracy(trials_of(genuine), trials_of(impostor), FARS, PEOPLE, rounds=1)
    # Both interpolate between their own neighbouring thresholds.
    assert measured.eer.value == pytest.approx(
        equal_error_rate(genuine, impostor), abs=1 / min(len(genuine), len(impostor))
    )


@pytest.fixture
def people() -> tuple[np.ndarray, np.ndarray]:
    """Return embeddings of thirty photos and their people, some with more photos than others."""
    generator = np.random.default_rng(7)
    person = np.sort(generator.integers(0, 8, 30))
    embeddings = generator.normal(size=(8, 6))[person] + generator.normal(size=(30, 6))
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    return embeddings.astype(np.float32), person


def test_every_resample_agrees_with_a_slow_bootstrap_over_people(people):
    embeddings, person = people
    similarity = embeddings @ embeddings.T
    pairs = [(a, b) for a in range(len(person)) for b in range(a + 1, len(person))]
    genuine = [(a, b) for a, b in pairs if person[a] == person[b]]
    impostor = compare_strangers(Side(PLAIN_COSINE(embeddings), np.ones(len(person), bool)), person)
    measured = accuracy(
        PersonTrials.of(
            np.array([similarity[pair] for pair in genuine]),
            np.array([person[a] for a, _ in genuine]),
        ),
        impostor.trials,
        FARS,
        8,
    )
    assert len(measured.points[0].tar.resamples) == ROUNDS
    for round_, times in enumerate(resampled_people([np.arange(8)], 40, SEED)):
        drawn_genuine, drawn_impostor = [], []
        for a, b in pairs:
            if person[a] == person[b]:
                drawn_genuine += [similarity[a, b]] * int(times[person[a]])
            else:
                drawn_impostor += [similarity[a, b]] * int(times[person[a]] * times[person[b]])
        for point in measured.points:
            slow = tar_at_far(np.array(drawn_genuine), np.array(drawn_impostor), point.far)
            assert point.tar.resamples[round_] == pytest.approx(slow)
        slow_eer = equal_error_rate(np.array(drawn_genuine), np.array(drawn_impostor))
        assert measured.eer.resamples[round_] == pytest.approx(slow_eer, abs=0.03)


def test_the_interval_is_that_of_the_resamples(people):
    resamples = np.linspace(0, 1, 1001)
    assert Estimate(0.5, resamples).interval == pytest.approx((0.025, 0.975))
    assert Estimate(0.5, np.append(resamples, np.nan)).interval is None


def test_differences_and_means_keep_the_resamples_together():
    a, b = Estimate(0.5, np.array([0.4, 0.6])), Estimate(0.4, np.array([0.3, 0.5]))
    assert a.minus(b).resamples == pytest.approx([0.1, 0.1])
    assert mean_of([a, b]).resamples == pytest.approx([0.35, 0.55])
    assert a.complement().value == 0.5


def test_all_trials_between_people_count_though_only_the_most_similar_are_kept():
    sides = np.array([[2.0, 3.0], [2.0, 3.0]]) / [[1], [2]]
    trials = PairTrials(np.array([0.9], np.float32), np.array([0]), np.array([1]), sides)
    times, total = trials.weigh(np.array([1.0, 2.0]))
    assert times.tolist() == [2]
    assert total == 2 * 3 * 2


def test_a_figure_beyond_the_kept_trials_is_not_extrapolated():
    generator = np.random.default_rng(1)
    genuine = trials_of(generator.uniform(-1, 1, 50).astype(np.float32))
    kept = np.sort(generator.uniform(0.9, 1, 10).astype(np.float32))[::-1]
    sides = np.array([[10.0, 10.0, 0, 0, 0], [10.0, 10.0, 0, 0, 0]])
    few = PairTrials(kept, np.zeros(10, int), np.ones(10, int), sides)
    measured = accuracy(genuine, few, (0.01,), PEOPLE, rounds=20)
    assert np.isnan(measured.eer.value)
    assert measured.eer.interval is None

"""Scores between people equal sums by hand, scikit-learn's rates and a slow bootstrap.

The score is (similarity + 1) × 50.
"""

from __future__ import annotations

from math import cos, radians

import numpy as np
import pytest
from sklearn.metrics import roc_curve

from ml import Anchors, Trials, match_rules
from ml.normalisation import PLAIN_COSINE
from tests.unit.matching.test_threshold_cost import CALIBRATION
from webapp.gallery.base import Rows, draw_people
from webapp.services.thresholds.local_population import (
    MOST_PEOPLE,
    OwnScores,
    measure,
    own_trials,
    people_needed,
)


def rows_of(*people: np.ndarray) -> Rows:
    """Return a gallery of people with these embeddings."""
    counts = [len(person) for person in people]
    embeddings = np.concatenate(people).astype(np.float32)
    starts = np.cumsum([0, *counts[:-1]])
    return Rows(
        1,
        tuple(range(len(people))),
        tuple(range(len(embeddings))),
        PLAIN_COSINE(embeddings),
        Anchors(starts, len(embeddings)),
    )


def at_angles(*degrees: float) -> np.ndarray:
    return np.array([(np.cos(np.radians(d)), np.sin(np.radians(d))) for d in degrees])


def drawn_people(people: int, anchors: int, seed: int = 0) -> Rows:
    generator = np.random.default_rng(seed)
    centres = generator.standard_normal((people, 1, 16))
    drawn = centres + 0.9 * generator.standard_normal((people, anchors, 16))
    return rows_of(*(drawn / np.linalg.norm(drawn, axis=2, keepdims=True)))


def measured(rows: Rows, rule: str = "best") -> OwnScores:
    return measure(rows, len(rows.person_ids), rule, CALIBRATION)


def similarities(trials: Trials, probe: int, anchor: int) -> list[float]:
    return trials.similarity[(trials.probe == probe) & (trials.anchor == anchor)].tolist()


def degrees(*apart: float) -> object:
    return pytest.approx([cos(radians(one)) for one in apart], abs=1e-6)


def test_each_anchor_is_tried_against_the_others_of_its_person_and_against_everybody() -> None:
    rows = rows_of(at_angles(0, 10), at_angles(90), at_angles(60, 100))

    trials = own_trials(rows.normalised, rows.anchors, "best")

    assert similarities(trials, 0, 0) == degrees(10, 10)
    assert similarities(trials, 1, 1) == []
    assert similarities(trials, 2, 2) == degrees(40, 40)
    assert similarities(trials, 0, 1) == degrees(90, 80)
    assert similarities(trials, 1, 0) == degrees(80)
    assert similarities(trials, 0, 2) == degrees(60, 50)
    assert similarities(trials, 1, 2) == degrees(10)
    assert similarities(trials, 2, 0) == degrees(50, 90)
    assert similarities(trials, 2, 1) == degrees(30, 10)


def test_a_person_is_tried_by_the_rule_without_the_anchor_itself() -> None:
    rows = rows_of(at_angles(0, 20, 60), at_angles(180))

    trials = own_trials(rows.normalised, rows.anchors, "mean")

    expected = [(20, 60), (20, 40), (60, 40)]
    assert similarities(trials, 0, 0) == pytest.approx(
        [np.mean([cos(radians(a)), cos(radians(b))]) for a, b in expected], abs=1e-6
    )


def test_the_numbers_of_people_and_pairs_are_shown() -> None:
    own = measured(rows_of(at_angles(0, 10), at_angles(90), at_angles(60, 100)))

    assert (own.enrolled, own.compared, own.several, own.pairs_of_people) == (3, 3, 2, 3)
    assert (own.costs.curve.genuine_trials, own.costs.curve.impostor_trials) == (4, 10)
    assert own.costs.curve.far_supported == 1.0
    assert own.histogram.genuine.sum() == pytest.approx(1)
    assert own.histogram.impostor.sum() == pytest.approx(1)


def test_with_one_picture_each_there_is_no_genuine_rate() -> None:
    own = measured(rows_of(at_angles(0), at_angles(90)))

    assert own.several == 0
    assert own.costs.curve.genuine_trials == 0
    assert not own.costs.at(50).genuine.is_supported


@pytest.mark.parametrize("rule", match_rules)
def test_rates_are_those_of_scikit_learn(rule: str) -> None:
    rows = drawn_people(people=25, anchors=3)
    trials = own_trials(rows.normalised, rows.anchors, rule)
    curve = measured(rows, rule).costs.curve

    far, tar, thresholds = roc_curve(trials.genuine, trials.similarity, drop_intermediate=False)

    ascending = thresholds[::-1]
    places = np.minimum(np.searchsorted(ascending, curve.threshold), len(ascending) - 1)
    assert curve.far == pytest.approx(far[::-1][places], abs=1e-6)
    assert curve.frr == pytest.approx(1 - tar[::-1][places], abs=1e-6)


def resamples(trials: Trials, people: int, rounds: int) -> list[np.ndarray]:
    """Return how often each trial counts in resamples of people, by a slow loop."""
    generator = np.random.default_rng(99)
    weights = []
    for _ in range(rounds):
        times = np.bincount(generator.integers(people, size=people), minlength=people)
        of_pair = times[trials.anchor] * times[trials.probe]
        weights.append(np.where(trials.genuine, times[trials.anchor], of_pair))
    return weights


def test_intervals_are_those_of_a_slow_bootstrap_over_people() -> None:
    rows = drawn_people(people=30, anchors=3)
    trials = own_trials(rows.normalised, rows.anchors, "best")
    own = measured(rows)
    curve = own.costs.curve
    weights = resamples(trials, 30, 1000)

    for name, kind in (("far", ~trials.genuine), ("frr", trials.genuine)):
        place = int(np.argmin(np.abs(getattr(curve, name) - 0.2)))
        errs = (trials.similarity >= curve.threshold[place]) == (name == "far")
        shares = [np.average(errs[kind], weights=row[kind]) for row in weights]
        expected = np.quantile(shares, [0.025, 0.975])
        found = [getattr(curve, f"{name}_{end}")[place] for end in ("low", "high")]
        assert found == pytest.approx(expected, abs=0.03)


def test_people_can_be_too_few_to_propose_a_threshold() -> None:
    assert people_needed(0.1) == 9  # 36 pairs: 3/36 is below a tenth, 3/28 is not
    assert people_needed(1e-3) == 78
    assert measured(drawn_people(people=24, anchors=2)).proposal() is None


def test_the_threshold_proposed_is_the_lowest_tenth_that_keeps_the_goal_here() -> None:
    own = measured(drawn_people(people=40, anchors=2))  # the goal of this calibration: 0.01
    proposal = own.proposal()

    def accepted(score: float) -> float:
        return float((own.impostors >= CALIBRATION.similarity(score)).mean())

    assert accepted(proposal.score) <= 0.01 < accepted(proposal.score - 0.1)
    assert proposal.low <= proposal.score <= proposal.high
    assert own.costs.at(proposal.score).strangers.share <= 0.01


def test_the_interval_of_the_threshold_is_that_of_a_slow_bootstrap() -> None:
    rows = drawn_people(people=40, anchors=2)
    trials = own_trials(rows.normalised, rows.anchors, "best")
    impostor = ~trials.genuine
    order = np.argsort(-trials.similarity[impostor])
    descending = trials.similarity[impostor][order]

    found = []
    for weights in resamples(trials, 40, 600):
        counts = np.cumsum(weights[impostor][order])
        found.append(descending[np.searchsorted(counts, 0.01 * counts[-1], side="right")])

    low, high = (CALIBRATION.score(end) for end in np.quantile(found, [0.025, 0.975]))
    proposal = measured(rows).proposal()
    assert (proposal.low, proposal.high) == pytest.approx((low, high), abs=1.0)


def test_a_fixed_sample_of_many_people_is_drawn() -> None:
    rows = drawn_people(people=MOST_PEOPLE + 50, anchors=1)

    drawn = draw_people(rows.anchors, max_anchors=1000, max_people=MOST_PEOPLE)

    assert len(drawn) == len(set(drawn)) == MOST_PEOPLE
    assert draw_people(rows.anchors, max_anchors=100) == draw_people(rows.anchors, max_anchors=100)
    assert len(draw_people(rows.anchors, max_anchors=100)) == 100

"""Thresholds of identification follow people, photos and FPIR."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ml.calibration.identification import SearchPoint
from ml.matching import match_rules
from tests.unit.ml.shipped_calibration import drawn_curve, shipped


def test_identification_is_stricter_with_more_people_and_more_anchors(calibration):
    few, many = (calibration.identification_threshold(n) for n in (10, 1000))
    assert few < many < calibration.identification_threshold(10_000) <= 1
    assert few < calibration.identification_threshold(10, anchors=5)


def test_identification_is_stricter_where_fewer_strangers_may_be_found(calibration):
    loose, strict = (calibration.identification_threshold(50, fpir=f) for f in (0.1, 0.001))
    assert loose < strict


def test_a_rule_that_was_not_measured_has_no_search_threshold(calibration):
    with pytest.raises(KeyError):
        calibration.identification_threshold(10, rule="worst")


def test_without_a_measured_gallery_every_comparison_is_a_chance_of_its_own(calibration):
    few_people = replace(calibration, searches=())
    expected = calibration.pairs.threshold_at_far(0.01 / 6)
    assert few_people.identification_threshold(3, anchors=2, fpir=0.01) == expected
    with pytest.raises(KeyError):
        few_people.identification_threshold(3, rule="worst")


@pytest.mark.parametrize("rule", match_rules)
def test_a_search_is_never_looser_with_more_people_or_fewer_strangers_to_be_found(
    calibration, rule
):
    sizes = [1, 2, 3, 5, 9, 10, 12, 17, 29, 31, 60, 89, 91, 200, 300, 500, 899, 1000, 3000]
    shares = (0.1, 0.05, 0.02, 0.01, 0.003, 0.002, 0.001)
    for anchors in (1, 2, 3, 4, 5, 30):
        thresholds = np.array(
            [
                [
                    calibration.identification_threshold(size, anchors=anchors, rule=rule, fpir=f)
                    for size in sizes
                ]
                for f in shares
            ]
        )
        assert np.diff(thresholds, axis=1).min() >= 0
        assert np.diff(thresholds, axis=0).min() >= 0
        alone = [calibration.threshold_at_far(f, anchors=anchors, rule=rule) for f in shares]
        assert thresholds[:, 0] == pytest.approx(alone)


def test_a_search_is_stricter_with_every_picture_more_by_the_best_one(calibration):
    for people in (1, 7, 40, 200, 2000):
        thresholds = [
            calibration.identification_threshold(people, anchors=n, rule="best")
            for n in range(1, 31)
        ]
        assert np.diff(thresholds).min() > 0


def searched(anchors: int, people: int, threshold: float) -> SearchPoint:
    """Return a point with thresholds 0.1 apart at FPIRs of 0.1, 0.01 and 0.001."""
    rates = np.array([0.1, 0.01, 0.001])
    return SearchPoint(
        rule="best",
        anchors=anchors,
        people=people,
        fpir=rates,
        threshold=threshold + np.array([-0.1, 0.0, 0.1]),
        fpir_low=rates / 2,
        fpir_high=rates * 2,
        searches=1000,
        searching=100,
    )


@pytest.fixture
def drawn():
    """Return a calibration: one anchor measured up to 1,000 people, three anchors up to 100."""
    points = (
        searched(1, 10, 0.3),
        searched(1, 100, 0.4),
        searched(1, 1000, 0.6),
        searched(3, 10, 0.4),
        searched(3, 100, 0.45),
    )
    rates = [0.1, 0.01, 0.001]
    verified = {
        1: drawn_curve([0.1, 0.2, 0.3], rates),
        3: replace(drawn_curve([0.2, 0.3, 0.4], rates), anchors=3),
    }
    return replace(shipped("open"), searches=points, curves={"best": verified})


@pytest.mark.parametrize(
    ("people", "anchors", "threshold"),
    [
        (10, 1, 0.3),
        (1, 1, 0.2),
        (round(10**2.5), 1, 0.5),
        (10_000, 1, 0.8),
        (10**8, 1, 1.0),
        (100, 3, 0.45),
        (100, 2, 0.4 + 0.05 * np.log(2) / np.log(3)),
        (1000, 3, 0.65),
    ],
)
def test_the_search_threshold_follows_the_logarithm_of_people(drawn, people, anchors, threshold):
    found = drawn.identification_threshold(people, anchors=anchors)
    assert found == pytest.approx(threshold, abs=1e-3)


def test_the_search_threshold_follows_the_logarithm_of_fpir(drawn):
    assert drawn.identification_threshold(10, fpir=10**-2.5) == pytest.approx(0.35)
    assert drawn.identification_threshold(10, fpir=1e-4) == pytest.approx(0.5)


def test_more_pictures_than_measured_are_as_much_stricter_as_in_verification(drawn):
    stricter = drawn.threshold_at_far(0.01, anchors=6) - drawn.threshold_at_far(0.01, anchors=3)
    assert stricter > 0.01
    found = drawn.identification_threshold(100, anchors=6)
    assert found == pytest.approx(0.45 + stricter)


def test_a_threshold_that_falls_from_one_size_to_the_next_is_noise(drawn):
    fallen = (*drawn.searches, searched(1, 300, 0.35))
    assert replace(drawn, searches=fallen).identification_threshold(300) == pytest.approx(0.4)

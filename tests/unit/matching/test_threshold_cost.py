"""Error rates by hand on a curve of four thresholds; the score is (similarity + 1) × 50."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from flask import Flask
from flask_babel import Babel

from ml import Calibration, Curve, Histogram, match_rules
from webapp.services.thresholds.error_rates import Costs, Preset, Rate, spread
from webapp.web.wording import thresholds

# Scores 50, 60, 70 and 80.
CURVE = Curve(
    rule="best",
    anchors=1,
    threshold=np.array([0.0, 0.2, 0.4, 0.6]),
    far=np.array([0.1, 0.0099, 0.00099, 0.0]),
    far_low=np.array([0.05, 0.005, 0.0002, 0.0]),
    far_high=np.array([0.2, 0.02, 0.002, 0.0]),
    frr=np.array([0.0, 0.02, 0.04, 0.5]),
    frr_low=np.array([0.0, 0.01, 0.02, 0.4]),
    frr_high=np.array([0.0, 0.03, 0.06, 0.6]),
    genuine_trials=300,
    impostor_trials=6000,
    people=10,
    far_supported=0.0005,
)
CALIBRATION = Calibration(
    model_id="tiny-1",
    default_rule="best",
    default_far=0.01,
    default_threshold=0.2,
    score_knots=(np.array([-1.0, 1.0]), np.array([0.0, 100.0])),
    pairs=CURVE,
    histogram=Histogram(np.array([-1.0, 1.0]), np.ones(1), np.ones(1)),
    curves={"best": {1: CURVE}},
    searches=(),
    made_from={},
)
COSTS = Costs(CALIBRATION, CURVE)


@pytest.fixture
def english():
    app = Flask("words")
    Babel(app, default_locale="en")
    with app.test_request_context():
        yield


def test_costs_between_measured_thresholds_are_interpolated() -> None:
    cost = COSTS.at(65)  # half way between the second and the third

    assert cost.strangers.share == pytest.approx(0.005445)
    assert cost.strangers.low == pytest.approx(0.0026)
    assert cost.strangers.high == pytest.approx(0.011)
    assert cost.genuine.share == pytest.approx(0.03)


def test_outside_of_the_measured_thresholds_the_nearest_counts() -> None:
    assert COSTS.at(0).strangers.share == 0.1
    assert COSTS.at(100).genuine.share == 0.5


def test_a_share_below_the_supported_rate_is_bounded() -> None:
    strangers = COSTS.at(76).strangers  # FAR 0.000396, at most 0.0008
    assert not strangers.is_supported
    assert strangers.bound == pytest.approx(0.0008)
    assert COSTS.at(80).strangers.bound == 0.0005
    assert COSTS.at(50).genuine.bound == pytest.approx(3 / 300)


def test_presets_are_the_lowest_tenths_that_reach_their_goal_as_far_as_the_data_supports() -> None:
    assert COSTS.presets() == (
        Preset("convenient", 1e-2, 60.0),
        Preset("balanced", 1e-3, 70.0),
        Preset("strict", 1e-4, None),
    )


def test_a_preset_between_tenths_is_rounded_to_the_stricter_one() -> None:
    shifted = replace(CURVE, threshold=CURVE.threshold + 0.001)  # scores 50.05, 60.05, …
    convenient, balanced, _strict = Costs(CALIBRATION, shifted).presets()
    assert (convenient.score, balanced.score) == (60.1, 70.1)


def test_a_preset_that_no_score_reaches_is_not_offered() -> None:
    leaky = replace(CURVE, far=np.full(4, 0.1), far_supported=1e-6)
    assert {preset.score for preset in Costs(CALIBRATION, leaky).presets()} == {None}


@pytest.mark.parametrize(("score", "standing"), [(70, "weaker"), (79.4, "unsure"), (80, "enough")])
def test_a_threshold_weaker_than_an_authenticators_requirement_is_marked(
    score: float, standing: str
) -> None:
    assert COSTS.at(score).authenticator == standing


def test_between_the_corners_costs_are_straight() -> None:
    corners = COSTS.corners()
    assert [corner.score for corner in corners] == pytest.approx([0, 50, 60, 70, 80, 100])

    for score in np.linspace(0, 100, 333):
        expected = np.interp(
            score,
            [corner.score for corner in corners],
            [corner.strangers.share for corner in corners],
        )
        assert COSTS.at(score).strangers.share == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (1.0, "100 in 100"),
        (0.234, "23 in 100"),
        (0.1, "10 in 100"),
        (0.0999, "1 in 10"),
        (1 / 87.4, "1 in 87"),
        (1 / 2449, "1 in 2,400"),
        (1 / 2450, "1 in 2,500"),
        (1.9e-5, "1 in 53,000"),
    ],
)
def test_odds_have_two_digits(share: float, words: str, english) -> None:
    assert thresholds.odds(share) == words


def test_costs_in_words(english) -> None:
    assert thresholds.strangers(Rate(1 / 2400, 1 / 4300, 1 / 1500, 1e-5)) == (
        "About 1 in 2,400 strangers would be accepted (95% interval 1 in 1,500 to 1 in 4,300)."
    )
    assert thresholds.genuine(Rate(1 / 90, 1 / 900, 1 / 60, 1 / 100)) == (
        "About 1 in 90 genuine tries would be refused "
        "(95% interval 1 in 60 to fewer than 1 in 100)."
    )
    assert thresholds.strangers(Rate(1e-6, 0, 1e-4, 1e-5)) == (
        "Fewer than 1 in 10,000 strangers would be accepted, as far as the data can say."
    )


@pytest.mark.parametrize(
    ("low", "high", "interval"),
    [
        (1 / 90, 1 / 30, "1 in 30 to 1 in 90"),
        (0.12, 0.23, "12 in 100 to 23 in 100"),
        (1 / 20, 0.23, "5 in 100 to 23 in 100"),
        (0.001, 0.23, "fewer than 1 in 100 to 23 in 100"),
    ],
)
def test_the_numbers_of_an_interval_rise_in_one_unit(low, high, interval, english) -> None:
    rate = Rate((low + high) / 2, low, high, 1 / 100)
    assert interval in thresholds.genuine(rate)
    assert f"({interval})" in thresholds.short(rate)


def test_another_rules_threshold_lets_as_few_strangers_pass() -> None:
    shifted = Costs(CALIBRATION, replace(CURVE, rule="mean", threshold=CURVE.threshold - 0.1))

    assert shifted.equivalent(COSTS.at(60)) == pytest.approx(55.0)
    assert shifted.equivalent(COSTS.at(65)) == pytest.approx(57.6)  # FAR 0.005445, by its logarithm


def test_without_accepted_strangers_another_rules_threshold_uses_the_supported_rate() -> None:
    sound = Costs(CALIBRATION, replace(CURVE, far_supported=0.00099))
    assert sound.equivalent(COSTS.at(100)) == pytest.approx(70.0)


def test_a_histogram_is_summed_by_tens_of_score() -> None:
    # Scores 45 to 55 and 55 to 65.
    histogram = Histogram(np.array([-0.1, 0.1, 0.3]), np.array([0.2, 0.8]), np.array([1.0, 0.0]))

    rows = spread(histogram, CALIBRATION)

    assert [(row.low, row.high) for row in rows] == [(n, n + 10) for n in range(0, 100, 10)]
    assert [row.genuine for row in rows][4:7] == pytest.approx([0.1, 0.5, 0.4])
    assert [row.impostor for row in rows][4:7] == pytest.approx([0.5, 0.5, 0])
    assert sum(row.genuine for row in rows) == pytest.approx(1)


@pytest.mark.parametrize("rule", match_rules)
def test_every_matching_rule_has_a_text(rule: str, english) -> None:
    assert thresholds.rule_name(rule)
    assert thresholds.rule_explained(rule).endswith(".")


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", ["0.001%", "0.01%", "1%", "50%"]),
        ("de", ["0,001\u00a0%", "0,01\u00a0%", "1\u00a0%", "50\u00a0%"]),
        ("fr", ["0,001\u00a0%", "0,01\u00a0%", "1\u00a0%", "50\u00a0%"]),
    ],
)
def test_shares_have_two_digits_in_the_languages_format(language: str, shown: list[str]) -> None:
    app = Flask("words")
    Babel(app, default_locale=language)
    with app.test_request_context():
        assert [thresholds.percent(share) for share in (1e-5, 1e-4, 0.01, 0.5)] == shown

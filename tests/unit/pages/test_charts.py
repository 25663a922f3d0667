from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from ml import Histogram
from tests.unit.matching.test_threshold_cost import CALIBRATION
from webapp.services.thresholds.error_rates import Cost, Rate
from webapp.web.charts.error_rates import DetChart, HistogramChart, RateChart, place_at

CHART = RateChart(left=10, top=0, width=200, height=50, least=1e-5)


def test_scores_grow_to_the_right_and_rates_by_powers_of_ten() -> None:
    assert [CHART.x(score) for score in (0, 25, 100)] == [10, 60, 210]
    assert [CHART.y(rate) for rate in (1, 0.1, 1e-3, 1e-5, 1e-9, 0)] == [0, 10, 30, 50, 50, 50]


def test_a_line_and_the_band_of_its_intervals_are_drawn() -> None:
    rates = [Rate(0.1, 0.01, 1, 0), Rate(0.01, 0.001, 0.1, 0)]

    drawn = CHART.draw([0, 100], rates)

    assert drawn.line == "10.0,10.0 210.0,20.0"
    assert drawn.band == "10.0,0.0 210.0,10.0 210.0,30.0 10.0,20.0"


# Similarity 0 is score 50, each tenth of it five points more.
HISTOGRAM = HistogramChart(
    histogram=Histogram(
        edges=np.array([0.0, 0.5, 1.0]), genuine=np.array([0.2, 0.8]), impostor=np.array([1.0, 0.0])
    ),
    calibration=CALIBRATION,
    left=10,
    top=0,
    width=100,
    height=40,
    labelled=(20, 50, 75, 100),
)


def test_a_histogram_is_outlined_bar_by_bar() -> None:
    assert HISTOGRAM.impostor == "10,40 10.0,0.0 60.0,0.0 60.0,40.0 110.0,40.0 110,40"
    assert HISTOGRAM.genuine == "10,40 10.0,32.0 60.0,32.0 60.0,8.0 110.0,8.0 110,40"


def test_scores_are_placed_by_similarity_and_labelled_inside_the_chart() -> None:
    assert [HISTOGRAM.x(score) for score in (0, 50, 75, 100)] == [10, 10, 60, 110]
    assert HISTOGRAM.labels == (75,)


def test_between_its_places_a_histogram_is_straight() -> None:
    places = [(score, x, 0.0) for score, x in HISTOGRAM.places]
    for score in np.linspace(0, 100, 41):
        assert place_at(places, score)[0] == pytest.approx(HISTOGRAM.x(score), abs=0.01)


def test_rates_are_spaced_as_scipys_normal_deviates() -> None:
    chart = DetChart(left=0, top=0, width=100, height=100)
    ends = norm.ppf([chart.rates[0], chart.rates[-1]])

    for rate in (1e-5, 1e-3, 0.02, 0.5):
        share = (norm.ppf(rate) - ends[0]) / (ends[1] - ends[0])
        assert chart.x(rate) == pytest.approx(100 * share, abs=0.01)
        assert chart.y(rate) == pytest.approx(100 * (1 - share), abs=0.01)


def test_a_trade_off_is_drawn_as_far_as_the_data_supports_both_rates() -> None:
    def cost(score: float, far: float, frr: float) -> Cost:
        return Cost(score, Rate(far, 0, 1, supported=0.001), Rate(frr, 0, 1, supported=0.01))

    chart = DetChart()
    corners = [cost(40, 0.1, 0.0), cost(50, 0.02, 0.01), cost(60, 0.004, 0.1), cost(70, 1e-4, 0.2)]

    places = chart.places(corners)

    assert [score for score, _, _ in places] == [50, 60]
    assert places[0] == (50, chart.x(0.02), chart.y(0.01))
    middle = place_at(places, 55)
    assert middle == pytest.approx(
        (np.mean([p[1] for p in places]), np.mean([p[2] for p in places])), abs=0.01
    )
    assert place_at(places, 49.9) is None
    assert place_at([], 50) is None

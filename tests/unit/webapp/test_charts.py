from __future__ import annotations

from webapp.charts import RateChart
from webapp.services.threshold_cost import Rate

CHART = RateChart(left=10, top=0, width=200, height=50, least=1e-5)


def test_scores_stand_from_left_to_right_and_rates_by_powers_of_ten() -> None:
    assert [CHART.x(score) for score in (0, 25, 100)] == [10, 60, 210]
    assert [CHART.y(rate) for rate in (1, 0.1, 1e-3, 1e-5, 1e-9, 0)] == [0, 10, 30, 50, 50, 50]


def test_a_line_and_the_band_of_its_intervals_are_drawn() -> None:
    rates = [Rate(0.1, 0.01, 1, 0), Rate(0.01, 0.001, 0.1, 0)]

    drawn = CHART.draw([0, 100], rates)

    assert drawn.line == "10.0,10.0 210.0,20.0"
    assert drawn.band == "10.0,0.0 210.0,10.0 210.0,30.0 10.0,20.0"

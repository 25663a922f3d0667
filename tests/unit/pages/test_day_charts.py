"""Coordinates of days and values in a chart."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.web.charts.days import Bar, DayChart

SIMPLE = DayChart(days=2, highest=10, left=0, top=0, width=100, height=100, gap=0.5)


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        (1, (0, 0.5, 1.0)),
        (3, (0, 1, 2, 3)),
        (7, (0, 2, 4, 6, 8)),
        (100, (0, 50, 100)),
        (1234, (0, 500, 1000, 1500)),
    ],
)
def test_lines_are_drawn_at_round_values(highest: float, ticks: tuple[float, ...]) -> None:
    assert DayChart(days=7, highest=highest).ticks == pytest.approx(ticks)


@given(st.floats(0.01, 1e7))
def test_the_highest_value_fits_and_there_are_few_lines(highest: float) -> None:
    chart = DayChart(days=7, highest=highest)

    assert chart.ticks[-1] >= highest * (1 - 1e-6)
    assert 2 <= len(chart.ticks) <= 6
    assert chart.y(highest) >= chart.top - 0.01


def test_bars_are_stacked_in_the_middle_of_their_day() -> None:
    assert list(SIMPLE.bars([5, 0], [0, 0])) == [Bar(12.5, 50, 25, 50)]
    assert list(SIMPLE.bars([0, 2], [0, 5])) == [Bar(62.5, 30, 25, 20)]


def test_a_day_without_a_value_breaks_the_line() -> None:
    chart = DayChart(days=4, highest=10, left=0, top=0, width=40, height=10)

    assert list(chart.lines([1, 2, None, 3])) == ["5.0,9.0 15.0,8.0", "35.0,7.0"]
    assert list(chart.dots([1, None, None, 3])) == [(5.0, 9.0), (35.0, 7.0)]


def test_a_band_is_a_closed_outline() -> None:
    chart = DayChart(days=2, highest=10, left=0, top=0, width=20, height=10)

    assert list(chart.band([1, 2], [3, 4])) == ["5.0,7.0 15.0,6.0 15.0,8.0 5.0,9.0"]


def test_nothing_yet_can_be_drawn() -> None:
    empty = DayChart(days=7, highest=0)

    assert list(empty.bars([0] * 7, [0] * 7)) == []
    assert list(empty.lines([None] * 7)) == []


@pytest.mark.parametrize("days", [1, 2, 7, 30, 90, 365])
def test_the_last_day_is_labelled_and_labels_are_evenly_spaced(days: int) -> None:
    named = list(DayChart(days, 1.0).labelled_days())

    assert named[-1] == days - 1
    assert len(named) <= 5
    assert len({after - before for before, after in pairwise(named)}) <= 1

"""The dashboard of daily statistics."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from webapp.messages import summarise
from webapp.services.attempts.daily_statistics import PERIODS_DAYS, PROMISED_MS, Day, figures
from webapp.web.access import viewer
from webapp.web.charts.days import DayChart
from webapp.web.display.time_zone import reader_zone

blueprint = Blueprint("dashboard", __name__)
DEFAULT_PERIOD = 30
WHOLE = 1.0
HIGHEST_SCORE = 100.0
# Minimum range of the refusals chart, so that a quiet week does not look erratic.
REFUSED_SHARE = 0.1


@blueprint.get("/dashboard")
@viewer
def index() -> str:
    """Context: period, periods, figures, and for each chart its area; series (of the days)."""
    period = request.args.get("days", DEFAULT_PERIOD, type=int)
    if period not in PERIODS_DAYS:
        period = DEFAULT_PERIOD
    found = figures(period, reader_zone().info)
    busiest = max(day.attempts for day in found.days)
    most_refused = max(day.refused_rate or 0.0 for day in found.days)
    slowest = max((day.milliseconds or 0.0 for day in found.days), default=0.0)
    return render_template(
        "dashboard/index.html",
        period=period,
        periods=PERIODS_DAYS,
        figures=found,
        counts_chart=DayChart(period, max(busiest, 1)),
        time_chart=DayChart(period, max(slowest, 1.0)),
        share_chart=DayChart(period, WHOLE),
        refused_chart=DayChart(period, max(most_refused, REFUSED_SHARE)),
        score_chart=DayChart(period, HIGHEST_SCORE),
        series=lambda pick: _series(found.days, pick),
        promised_ms=PROMISED_MS,
        summarise=summarise,
    )


def _series(days: tuple[Day, ...], pick: str) -> list[float | None]:
    """Return one value a day: an attribute, or with a dot one of the attribute's, or None."""
    name, _, part = pick.partition(".")
    values = [getattr(day, name) for day in days]
    return [getattr(value, part) if part and value is not None else value for value in values]

"""Days of zones, around clock changes and in zones far from UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from webapp.core.days import end_of, last_days, start_of

HOURS = [
    ("America/Los_Angeles", date(2026, 3, 8), 23),
    ("America/Los_Angeles", date(2026, 11, 1), 25),
    ("Europe/Berlin", date(2026, 3, 29), 23),
    ("Europe/Berlin", date(2026, 10, 25), 25),
    ("Asia/Kolkata", date(2026, 3, 29), 24),
    ("Pacific/Auckland", date(2026, 4, 5), 25),
    ("Pacific/Auckland", date(2026, 9, 27), 23),
    ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
    ("Africa/Cairo", date(2026, 4, 24), 23),  # clocks skip midnight
    ("America/Havana", date(2026, 11, 1), 25),  # midnight comes twice
]


@pytest.mark.parametrize(("zone", "day", "hours"), HOURS)
def test_a_day_has_the_hours_of_its_clock_changes(zone: str, day: date, hours: float) -> None:
    info = ZoneInfo(zone)

    assert end_of(day, info) - start_of(day, info) == timedelta(hours=hours)


@pytest.mark.parametrize(("zone", "day", "_hours"), HOURS)
def test_every_moment_is_in_the_day_that_its_clock_shows(
    zone: str, day: date, _hours: float
) -> None:
    info, quarter = ZoneInfo(zone), timedelta(minutes=15)
    moment = start_of(day, info) - timedelta(hours=2)

    while moment < end_of(day, info) + timedelta(hours=2):
        is_within = start_of(day, info) <= moment < end_of(day, info)
        assert is_within == (moment.astimezone(info).date() == day)
        moment += quarter


def test_today_is_the_readers() -> None:
    moment = datetime(2026, 12, 1, 0, 18, tzinfo=UTC)

    def today(zone: str) -> date:
        return last_days(3, moment, ZoneInfo(zone))[-1]

    assert today("America/Los_Angeles") == date(2026, 11, 30)
    assert today("UTC") == today("Pacific/Auckland") == date(2026, 12, 1)
    assert last_days(3, moment, UTC) == [date(2026, 11, 29), date(2026, 11, 30), date(2026, 12, 1)]

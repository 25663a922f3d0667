"""Bounds in UTC of the days of a time zone; a day may have 23 or 25 hours, or other lengths."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo


def start_of(day: date, zone: tzinfo) -> datetime:
    """Return the start in UTC of a day in a zone.

    If the zone skips midnight that day, the start is the moment of the skip. If midnight occurs
    twice, the start is the first one.
    """
    return datetime.combine(day, time(), zone).astimezone(UTC)


def end_of(day: date, zone: tzinfo) -> datetime:
    """Return the exclusive end in UTC of a day in a zone."""
    return start_of(day + timedelta(days=1), zone)


def last_days(number: int, moment: datetime, zone: tzinfo) -> list[date]:
    """Return `number` days of a zone, oldest first; the last one contains `moment`."""
    today = moment.astimezone(zone).date()
    return [today - timedelta(days=back) for back in reversed(range(number))]

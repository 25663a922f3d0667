"""Days of a time zone, and their bounds in UTC. A day has 23, 24 or 25 hours, or others."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo


def start_of(day: date, zone: tzinfo) -> datetime:
    """Return the first moment of a day in a zone, in UTC.

    Where clocks skip midnight, it is the moment at which they do; where they show midnight twice,
    the first of the two.
    """
    return datetime.combine(day, time(), zone).astimezone(UTC)


def end_of(day: date, zone: tzinfo) -> datetime:
    """Return the moment at which a day in a zone is over, in UTC."""
    return start_of(day + timedelta(days=1), zone)


def last_days(number: int, moment: datetime, zone: tzinfo) -> list[date]:
    """Return the last days of a zone up to that of a moment, oldest first."""
    today = moment.astimezone(zone).date()
    return [today - timedelta(days=back) for back in reversed(range(number))]

"""Days are in the reader's zone: in lists, filters, figures and exported tables."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from tests.support.changed import changed
from tests.support.installation import OPERATOR, Visitor, words
from tests.support.past import past_attempt
from webapp import create_app
from webapp.core.days import end_of, start_of
from webapp.db.engine import db
from webapp.db.models import Attempt, Kind, Refusal
from webapp.db.transactions import unit_of_work
from webapp.services.attempts.attempt_filter import AttemptFilter
from webapp.services.attempts.attempt_log import list_attempts
from webapp.services.attempts.daily_statistics import figures

# Zones, and the days of their clock changes.
CHANGES = [
    ("America/Los_Angeles", date(2026, 3, 8)),
    ("America/Los_Angeles", date(2026, 11, 1)),
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("Asia/Kolkata", date(2026, 3, 29)),
    ("Pacific/Auckland", date(2026, 4, 5)),
    ("Pacific/Auckland", date(2026, 9, 27)),
]


def attempt_at(moment: datetime) -> Attempt:
    return past_attempt(created_at=moment)


def store(*moments: datetime) -> None:
    with unit_of_work() as session:
        session.add_all(map(attempt_at, moments))
        session.add_all(
            Refusal(kind=Kind.VERIFY, code="no_face", created_at=one) for one in moments
        )


def stop_clock(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr("webapp.services.attempts.daily_statistics.now", lambda: moment)


def read_from(operator: Visitor, zone: str) -> None:
    """Set the zone of the operator's browser."""
    operator.client.set_cookie("faces_zone", zone)


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_figures_are_of_whole_days_of_the_zone(
    app: Flask, monkeypatch: pytest.MonkeyPatch, zone: str, day: date
) -> None:
    info = ZoneInfo(zone)
    start, end = start_of(day, info), end_of(day, info)
    hours = round((end - start) / timedelta(hours=1))
    store(*(start + timedelta(minutes=30, hours=hour) for hour in range(-1, hours + 1)))
    stop_clock(monkeypatch, end + timedelta(hours=3))

    found = figures(7, info)

    of_day = {one.day: one for one in found.days}
    assert of_day[day].attempts == of_day[day].refused == hours
    assert of_day[day - timedelta(days=1)].attempts == 1
    assert of_day[day + timedelta(days=1)].attempts == 1
    assert found.whole.attempts == hours + 2


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_a_year_of_figures_counts_every_attempt_once(
    app: Flask, monkeypatch: pytest.MonkeyPatch, zone: str, day: date
) -> None:
    info = ZoneInfo(zone)
    last = end_of(day, info) - timedelta(seconds=1)
    moments = [last - timedelta(days=back) for back in range(365)]
    store(*moments)
    stop_clock(monkeypatch, last)

    found = figures(365, info)

    by_day = {one.day: one.attempts for one in found.days}
    expected = dict.fromkeys(by_day, 0)
    for moment in moments:
        local = moment.astimezone(info).date()
        if local in expected:
            expected[local] += 1
    assert by_day == expected


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_from_and_to_are_days_of_the_zone(app: Flask, zone: str, day: date) -> None:
    info = ZoneInfo(zone)
    start, end = start_of(day, info), end_of(day, info)
    second = timedelta(seconds=1)
    store(start - second, start, end - second, end)

    def found(since: date | None, until: date | None) -> list[datetime]:
        rows = list_attempts(1, AttemptFilter(since=since, until=until, zone=info)).items
        return sorted(row.created_at for row in rows)

    assert found(day, day) == [start, end - second]
    assert found(day, None) == [start, end - second, end]
    assert found(None, day) == [start - second, start, end - second]


def test_list_filter_figures_and_table_agree_on_the_readers_day(
    app: Flask, operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(datetime(2026, 12, 1, 0, 18, tzinfo=UTC))
    stop_clock(monkeypatch, datetime(2026, 12, 1, 2, tzinfo=UTC))
    read_from(operator, "America/Los_Angeles")

    page = operator.get("/attempts?since=2026-11-30&until=2026-11-30")
    assert "30 Nov 2026, 16:18" in words(page)
    assert "in your time zone, America/Los_Angeles" in words(page)
    assert "No attempt fits" in words(operator.get("/attempts?since=2026-12-01"))

    (row,) = csv.DictReader(io.StringIO(operator.get("/attempts.csv?until=2026-11-30").text))
    assert row["time"] == "2026-11-30T16:18:00-08:00"
    assert row["zone"] == "America/Los_Angeles"
    assert row["time_utc"] == "2026-12-01T00:18:00Z"

    figures_page = operator.get("/dashboard?days=7")
    assert re.search(r'<th scope="row">30 Nov 2026</th><td>1</td>', figures_page.text)
    assert "in your time zone, America/Los_Angeles" in words(figures_page)


@pytest.mark.parametrize(
    "zone", ["", "Mars/Olympus_Mons", "../../etc/passwd", "UTC\x00", "x" * 9999]
)
def test_without_a_known_zone_the_servers_is_used_and_named(
    app: Flask, operator: Visitor, zone: str
) -> None:
    store(datetime(2026, 12, 1, 0, 18, tzinfo=UTC))
    read_from(operator, zone)

    page = operator.get("/attempts?since=2026-12-01&until=2026-12-01")

    assert "1 Dec 2026, 00:18 UTC" in words(page)
    assert "in UTC, the server’s time zone" in words(page)


def test_the_servers_zone_is_a_setting(settings, engine) -> None:
    app = create_app(changed(settings, time_zone="Europe/Berlin"), engine)
    with app.app_context():
        store(datetime(2026, 11, 30, 23, 18, tzinfo=UTC))
        operator = Visitor(app)
        operator.sign_in(OPERATOR)

        page = words(operator.get("/attempts?since=2026-12-01"))

        assert "1 Dec 2026, 00:18 Europe/Berlin" in page
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize(
    ("language", "moment", "day"),
    [
        ("en", "1 Nov 2026, 14:05", "1 Nov 2026"),
        ("en-US", "1 Nov 2026, 14:05", "1 Nov 2026"),
        ("de", "01.11.2026, 14:05", "01.11.2026"),
        ("fr", "1 nov. 2026, 14:05", "1 nov. 2026"),
    ],
)
def test_days_and_moments_are_written_as_the_language_does(
    app: Flask,
    operator: Visitor,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    moment: str,
    day: str,
) -> None:
    store(datetime(2026, 11, 1, 13, 5, tzinfo=UTC))
    stop_clock(monkeypatch, datetime(2026, 11, 1, 18, tzinfo=UTC))
    read_from(operator, "Europe/Berlin")
    operator.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language

    assert moment in words(operator.get("/attempts"))
    assert f'<th scope="row">{day}</th>' in operator.get("/dashboard?days=7").text


@pytest.mark.parametrize("typed", ["2026-12-01", "01.12.2026", "01/12/2026"])
def test_a_day_can_be_typed_where_the_browser_has_no_calendar(
    app: Flask, operator: Visitor, typed: str
) -> None:
    store(datetime(2026, 11, 30, 12, tzinfo=UTC), datetime(2026, 12, 1, 12, tzinfo=UTC))

    page = operator.get("/attempts", query_string={"since": typed})

    assert "1 attempt " in words(page)
    assert 'type="date" value="2026-12-01"' in page.text


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles"])
def test_a_day_at_the_end_of_the_calendar_is_no_error(
    app: Flask, operator: Visitor, day: str, zone: str
) -> None:
    read_from(operator, zone)

    for name in ("since", "until"):
        assert operator.get("/attempts", query_string={name: day}).status_code == 200

"""The reader's time zone: the browser's, which a script stores in a cookie; else the server's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from flask import Flask, has_request_context, request
from flask_babel import get_locale

from webapp.settings import current_settings

COOKIE = "faces_zone"


@dataclass(frozen=True)
class ReaderZone:
    """A time zone by its IANA name.

    Attributes:
        is_own: whether it is the reader's, rather than the server's.
        named: zone named by the request's cookie, known here or not.
    """

    name: str
    is_own: bool
    named: str = ""

    @property
    def info(self) -> ZoneInfo:
        """The zone's rules."""
        return ZoneInfo(self.name)


@cache
def names() -> frozenset[str]:
    """Return the IANA names known to this machine."""
    return frozenset(available_timezones())


def reader_zone() -> ReaderZone:
    """Return the zone of the request's reader; the server's if the cookie names none known here."""
    chosen = request.cookies.get(COOKIE, "") if has_request_context() else ""
    if chosen in names():
        return ReaderZone(chosen, is_own=True, named=chosen)
    return ReaderZone(current_settings().time_zone, is_own=False, named=chosen)


def add_zones(app: Flask) -> None:
    """Add template filters for days and moments in the reader's zone and language."""
    app.context_processor(lambda: {"zone": reader_zone()})
    app.add_template_filter(shown_moment)
    app.add_template_filter(shown_day)
    app.add_template_filter(short_day)


def shown_moment(moment: datetime) -> str:
    """Return a moment in the reader's format; a zone that is not their own is named."""
    zone, locale = reader_zone(), _locale()
    day = format_date(moment.astimezone(zone.info), "medium", locale=locale)
    minute = format_time(moment, "short", tzinfo=zone.info, locale=locale)
    return f"{day}, {minute}" if zone.is_own else f"{day}, {minute} {zone.name}"


def shown_day(day: date) -> str:
    """Return a day with its year."""
    return format_date(day, "medium", locale=_locale())


def short_day(day: date) -> str:
    """Return a day without its year, for charts."""
    return format_skeleton("MMMd", day, locale=_locale())


def _locale() -> Locale:
    """Return the locale of the page; English dates use the British format, day first."""
    locale = get_locale() or Locale("en")
    return Locale("en", "GB") if locale.language == "en" else locale

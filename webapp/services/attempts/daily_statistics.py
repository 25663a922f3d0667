"""Daily statistics: attempts, matches, durations, refusals, genuine scores."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from sqlalchemy import CTE, ColumnElement, Integer, case, column, func, select, values
from sqlalchemy.orm import InstrumentedAttribute

from webapp.core.days import end_of, last_days, start_of
from webapp.db.engine import db
from webapp.db.models import Attempt, Kind, Refusal, now
from webapp.db.models.columns import UtcDateTime
from webapp.inference.active_model import active_model

# Promised response time: one second.
PROMISED_MS = 1000
PERIODS_DAYS = (7, 30, 90, 365)


@dataclass
class _Sums:
    """Sums over attempts: count, milliseconds, answers in time, similarities and their squares."""

    count: int = 0
    milliseconds: float = 0.0
    in_time: int = 0
    similarity: float = 0.0
    squares: float = 0.0

    def add(self, other: _Sums) -> None:
        self.count += other.count
        self.milliseconds += other.milliseconds
        self.in_time += other.in_time
        self.similarity += other.similarity
        self.squares += other.squares


@dataclass(frozen=True)
class Spread:
    """Scores, 0 to 100: the mean, and one standard deviation of similarity to either side."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True)
class Day:
    """Statistics of one day; rates and times are None without attempts.

    Attributes:
        matches, non_matches: number of verifications by result.
        searches: number of identifications.
        refused: number of attempts without a usable picture.
        milliseconds: mean response time.
        in_time: share of answers within PROMISED_MS, 0 to 1.
        genuine: scores of the matching verifications by the active model.
    """

    day: date
    matches: int = 0
    non_matches: int = 0
    searches: int = 0
    refused: int = 0
    milliseconds: float | None = None
    in_time: float | None = None
    genuine: Spread | None = None

    @property
    def attempts(self) -> int:
        """Number of verifications and identifications decided."""
        return self.matches + self.non_matches + self.searches

    @property
    def match_rate(self) -> float | None:
        """Share of verifications that matched, 0 to 1."""
        return _share(self.matches, self.matches + self.non_matches)

    @property
    def refused_rate(self) -> float | None:
        """Share of attempts without a usable picture, 0 to 1."""
        return _share(self.refused, self.refused + self.attempts)


@dataclass(frozen=True)
class Figures:
    """Statistics of a period.

    Attributes:
        days: every day, oldest first.
        whole: all days together; `whole.day` is the first.
        reasons: number of refusals by code, the most frequent first.
    """

    days: tuple[Day, ...]
    whole: Day
    reasons: tuple[tuple[str, int], ...] = ()


def figures(period_days: int, zone: tzinfo) -> Figures:
    """Return the statistics of the last days in a time zone, today included."""
    days = last_days(period_days, now(), zone)
    table = _table_of(days, zone)
    groups, refusals = _groups_in(days, table), _refusals_in(days, table)
    return Figures(
        days=tuple(
            _day(day, [group for group in groups if group.day == day], refusals.get(day, 0))
            for day in days
        ),
        whole=_day(days[0], groups, sum(refusals.values())),
        reasons=_reasons_in(table),
    )


@dataclass(frozen=True)
class _Group:
    """Attempts of one day, kind, result and scale: model and normaliser."""

    day: date
    kind: Kind
    match: bool
    scale: tuple[str, str]
    sums: _Sums


def _table_of(days: Sequence[date], zone: tzinfo) -> CTE:
    """Return the days with their bounds as a table; the database joins it by its indices."""
    rows = [(n, start_of(day, zone), end_of(day, zone)) for n, day in enumerate(days)]
    columns = (
        column("number", Integer),
        column("start", UtcDateTime),
        column("until", UtcDateTime),
    )
    return values(*columns, name="day").data(rows).cte("day")


def _within(table: CTE, created_at: InstrumentedAttribute[datetime]) -> ColumnElement[bool]:
    return (created_at >= table.c.start) & (created_at < table.c.until)


def _groups_in(days: Sequence[date], table: CTE) -> list[_Group]:
    """Return the attempts of the days, grouped in one pass."""
    scale = (Attempt.model_id, Attempt.normaliser)
    keys = (table.c.number, Attempt.kind, Attempt.match, *scale)
    rows = db.session.execute(
        select(
            *keys,
            func.count(),
            func.sum(Attempt.milliseconds),
            func.sum(case((Attempt.milliseconds <= PROMISED_MS, 1), else_=0)),
            func.sum(Attempt.similarity),
            func.sum(Attempt.similarity * Attempt.similarity),
        )
        .select_from(table)
        .join(Attempt, _within(table, Attempt.created_at))
        .group_by(*keys)
    )
    return [
        _Group(days[row[0]], Kind(row[1]), row[2], (row[3], row[4]), _Sums(*row[5:]))
        for row in rows
    ]


def _refusals_in(days: Sequence[date], table: CTE) -> dict[date, int]:
    rows = db.session.execute(
        select(table.c.number, func.count())
        .select_from(table)
        .join(Refusal, _within(table, Refusal.created_at))
        .group_by(table.c.number)
    )
    return {days[number]: count for number, count in rows}


def _reasons_in(table: CTE) -> tuple[tuple[str, int], ...]:
    count = func.count()
    rows = db.session.execute(
        select(Refusal.code, count)
        .select_from(table)
        .join(Refusal, _within(table, Refusal.created_at))
        .group_by(Refusal.code)
        .order_by(count.desc(), Refusal.code)
    ).all()
    return tuple((code, number) for code, number in rows)


def _day(day: date, groups: Iterable[_Group], refused: int) -> Day:
    """Return the statistics of the groups."""
    groups = tuple(groups)
    verified = [group for group in groups if group.kind == Kind.VERIFY]
    everything = _summed(group.sums for group in groups)
    calibration = active_model().engine.calibration
    scale = (calibration.model_id, calibration.normaliser.digest)
    return Day(
        day=day,
        matches=sum(group.sums.count for group in verified if group.match),
        non_matches=sum(group.sums.count for group in verified if not group.match),
        searches=everything.count - sum(group.sums.count for group in verified),
        refused=refused,
        milliseconds=_share(everything.milliseconds, everything.count),
        in_time=_share(everything.in_time, everything.count),
        genuine=_spread(
            _summed(group.sums for group in verified if group.match and group.scale == scale)
        ),
    )


def _summed(sums: Iterable[_Sums]) -> _Sums:
    together = _Sums()
    for one in sums:
        together.add(one)
    return together


def _spread(sums: _Sums) -> Spread | None:
    if not sums.count:
        return None
    middle = sums.similarity / sums.count
    deviation = math.sqrt(max(sums.squares / sums.count - middle * middle, 0.0))
    to_score = active_model().engine.calibration.score
    return Spread(to_score(middle), to_score(middle - deviation), to_score(middle + deviation))


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None

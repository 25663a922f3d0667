"""Criteria for lists of attempts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from webapp.core.days import end_of, start_of
from webapp.db.engine import db
from webapp.db.models import Attempt, Kind, Person
from webapp.services.people.people import holds

FEW_PEOPLE = 100


@dataclass(frozen=True)
class AttemptFilter:
    """Criteria for attempts; None or empty matches all.

    Attributes:
        person: a part of the identifier or name of the person claimed or identified.
        match: the result.
        kind: verification or identification.
        since, until: first and last day, both inclusive.
        zone: time zone of the days.
    """

    person: str = ""
    match: bool | None = None
    kind: Kind | None = None
    since: date | None = None
    until: date | None = None
    zone: tzinfo = UTC

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield the SQL conditions of the criteria."""
        if self.person:
            yield _of_people(select(Person.id).where(holds(self.person)))
        if self.match is not None:
            yield Attempt.match.is_(self.match)
        if self.kind is not None:
            yield Attempt.kind == self.kind
        if self.since:
            yield Attempt.created_at >= start_of(self.since, self.zone)
        if self.until:
            yield Attempt.created_at < end_of(self.until, self.zone)


def _of_people(fitting: Select[Any]) -> ColumnElement[bool]:
    """Return the condition that an attempt belongs to one of the selected people.

    Up to FEW_PEOPLE are listed, so an index finds their attempts. For more, attempts are read
    newest first: `IS TRUE` keeps SQLite from collecting and sorting all of them.
    """
    few = db.session.scalars(fitting.limit(FEW_PEOPLE + 1)).all()
    if len(few) <= FEW_PEOPLE:
        return Attempt.person_id.in_(few)
    return Attempt.person_id.in_(fitting).is_(True)

"""Append-only history of a setting: each change is a row, and the newest one is current."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from webapp.core.actor import Actor
from webapp.db.engine import db
from webapp.db.models.changes import AuditedChange
from webapp.errors.thresholds import SettingConflict

NO_CHANGE = 0
HISTORY_LENGTH = 50
T = TypeVar("T")
Row = TypeVar("Row", bound=AuditedChange)


@dataclass(frozen=True)
class Change(Generic[T]):
    """A change of a setting, as pages show it; `number` counts from 1."""

    number: int
    value: T
    previous: T
    reason: str | None
    created_at: datetime
    username: str | None


class ChangeHistory(Generic[Row, T]):
    """The changes of one kind of setting.

    Args:
        table: the table of the changes.
        value, previous: return the new and the previous value of a row.
        subject: the column that separates histories, such as a person or a model; None if the
            installation has one history.
    """

    def __init__(
        self,
        table: type[Row],
        value: Callable[[Row], T],
        previous: Callable[[Row], T],
        subject: InstrumentedAttribute[Any] | None = None,
    ) -> None:
        self._table, self._value, self._previous = table, value, previous
        changes = select(table).order_by(table.number.desc())
        if subject is not None:
            changes = changes.where(subject == bindparam("subject"))
        # Compiled once: every verification reads the current setting.
        self._changes = changes.limit(HISTORY_LENGTH)
        self._newest = changes.limit(1)

    def newest(self, subject: object = None) -> Row | None:
        """Return the row of the newest change, None before the first."""
        return db.session.scalar(self._newest, {"subject": subject})

    def number(self, subject: object = None) -> int:
        """Return the number of the newest change, `NO_CHANGE` before the first."""
        row = self.newest(subject)
        return row.number if row else NO_CHANGE

    def check_newest(self, based_on: int | None, subject: object = None) -> None:
        """Check that a request is based on the newest change; None skips the check.

        Raises:
            SettingConflict: if a newer change exists.
        """
        if based_on is not None and based_on != self.number(subject):
            raise SettingConflict

    def add(self, session: Session, reason: str, actor: Actor, **columns: object) -> None:
        """Add a change to the running transaction."""
        newest = session.scalar(select(func.max(self._table.number))) or NO_CHANGE
        who = {"number": newest + 1, "reason": reason, "created_by_id": actor.account}
        session.add(self._table(**who, **columns))

    def entries(self, subject: object = None) -> tuple[Change[T], ...]:
        """Return the last changes, newest first."""
        rows = db.session.scalars(self._changes, {"subject": subject})
        return tuple(
            Change(
                number=row.number,
                value=self._value(row),
                previous=self._previous(row),
                reason=row.reason,
                created_at=row.created_at,
                username=row.created_by.username if row.created_by else None,
            )
            for row in rows
        )

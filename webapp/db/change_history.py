"""What the histories of changes share: they are counted, and based on the one before."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.db.models.changes import AuditedChange
from webapp.errors.thresholds import ThresholdChangedMeanwhile

NO_CHANGE = 0


def next_number(session: Session, table: type[AuditedChange]) -> int:
    """The number of a change about to be added."""
    return (session.scalar(select(func.max(table.number))) or NO_CHANGE) + 1


def number_of(newest: AuditedChange | None) -> int:
    """The number of the newest change, `NO_CHANGE` while there is none."""
    return newest.number if newest else NO_CHANGE


def check_still_in_force(newest: AuditedChange | None, based_on: int | None) -> None:
    """Check that the change on which another is based is still the newest; None is not checked.

    Raises:
        ThresholdChangedMeanwhile: if there is a newer one.
    """
    if based_on is not None and based_on != number_of(newest):
        raise ThresholdChangedMeanwhile

"""Long lists, one page at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from webapp.db.engine import db

ROWS_A_PAGE = 25
Item = TypeVar("Item")


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page of a list; pages count from 1."""

    items: tuple[Item, ...]
    page: int
    total: int

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, math.ceil(self.total / ROWS_A_PAGE))

    @property
    def has_prev(self) -> bool:
        """Whether a page stands before this one."""
        return self.page > 1

    @property
    def has_next(self) -> bool:
        """Whether a page follows this one."""
        return self.page < self.pages

    @property
    def prev_num(self) -> int:
        """The number of the page before."""
        return self.page - 1

    @property
    def next_num(self) -> int:
        """The number of the page after."""
        return self.page + 1


@dataclass(frozen=True)
class Position:
    """Where a list in order of time goes on: behind the row of this time and id."""

    created_at: datetime
    id: UUID

    def is_before(
        self, created_at: InstrumentedAttribute[datetime], row_id: InstrumentedAttribute[UUID]
    ) -> ColumnElement[bool]:
        """The condition that a row stands behind the position."""
        return or_(
            created_at > self.created_at,
            and_(created_at == self.created_at, row_id > self.id),
        )


def paged(keys: Select[Any], page: int) -> Page[Any]:
    """A page of an ordered query for keys; a page too far is the last one.

    Keys are enough to find a page, and to count: an index that holds them answers alone, and only
    the rows of the page are read.
    """
    counted = select(func.count()).select_from(keys.order_by(None).subquery())
    total = db.session.scalar(counted) or 0
    page = min(max(page, 1), max(1, math.ceil(total / ROWS_A_PAGE)))
    found = db.session.scalars(keys.limit(ROWS_A_PAGE).offset((page - 1) * ROWS_A_PAGE))
    return Page(tuple(found), page, total)

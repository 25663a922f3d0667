"""Pagination of long lists: by page number for pages, by keyset for the API."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from webapp.db.engine import db

ROWS_A_PAGE = 25  # rows on a page
Item = TypeVar("Item")


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page of a list; pages count from 1."""

    items: tuple[Item, ...]
    page: int
    total: int

    @property
    def pages(self) -> int:
        """Number of pages, at least 1."""
        return max(1, math.ceil(self.total / ROWS_A_PAGE))

    @property
    def has_prev(self) -> bool:
        """Whether a page precedes this one."""
        return self.page > 1

    @property
    def has_next(self) -> bool:
        """Whether a page follows this one."""
        return self.page < self.pages

    @property
    def prev_num(self) -> int:
        """Number of the previous page."""
        return self.page - 1

    @property
    def next_num(self) -> int:
        """Number of the next page."""
        return self.page + 1


@dataclass(frozen=True)
class Position:
    """Keyset position in a list ordered by time and id: the last row already read."""

    created_at: datetime
    id: UUID

    def is_before(
        self, created_at: InstrumentedAttribute[datetime], row_id: InstrumentedAttribute[UUID]
    ) -> ColumnElement[bool]:
        """Return the condition that a row follows the position."""
        return or_(
            created_at > self.created_at,
            and_(created_at == self.created_at, row_id > self.id),
        )


def paged(keys: Select[Any], page: int) -> Page[Any]:
    """Return a page of an ordered query for keys; a number beyond the end gives the last page.

    Finding and counting need the keys only. An index can serve them, and only the rows of the page
    are loaded.
    """
    counted = select(func.count()).select_from(keys.order_by(None).subquery())
    total = db.session.scalar(counted) or 0
    page = min(max(page, 1), max(1, math.ceil(total / ROWS_A_PAGE)))
    found = db.session.scalars(keys.limit(ROWS_A_PAGE).offset((page - 1) * ROWS_A_PAGE))
    return Page(tuple(found), page, total)

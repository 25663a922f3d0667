"""Long lists, one page at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select

from webapp.extensions import db

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

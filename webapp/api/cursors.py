"""Pagination by signed cursors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from webapp.db.pagination import Position
from webapp.web.tokens import read_cursor, sign_cursor

Item = TypeVar("Item")


@dataclass(frozen=True)
class Part(Generic[Item]):
    """A page of a list, and the cursor of the next page."""

    items: Sequence[Item]
    next: str | None


def position(name: str, cursor: str) -> Position | None:
    """Return the position where a list in order of time continues; None for its beginning.

    Raises:
        CursorBroken: if the cursor was not issued for this list.
    """
    if not cursor:
        return None
    created_at, row_id = read_cursor(name, cursor)
    return Position(datetime.fromisoformat(created_at), UUID(hex=row_id))


def part_of(
    name: str, items: Sequence[Item], most: int, position_of: Callable[[Item], Position]
) -> Part[Item]:
    """Return the first `most` items; one more in `items` means that another page follows."""
    kept = items[:most]
    if len(items) <= most:
        return Part(kept, None)
    last = position_of(kept[-1])
    return Part(kept, sign_cursor(name, [last.created_at.isoformat(), last.id.hex]))


def number(name: str, cursor: str) -> int:
    """Return the number after which a feed continues; 0 for its beginning.

    Raises:
        CursorBroken: if the cursor was not issued for this feed.
    """
    return int(read_cursor(name, cursor)[0]) if cursor else 0


def feed_of(
    name: str, items: Sequence[Item], cursor: str, number_of: Callable[[Item], int | None]
) -> Part[Item]:
    """Return items of a feed; without items, the cursor stays the same."""
    return Part(items, sign_cursor(name, [number_of(items[-1])]) if items else cursor or None)

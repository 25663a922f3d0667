"""Lists that are read a part at a time, by signed cursors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from webapp.services.paging import Position
from webapp.signing import read_cursor, sign_cursor

Item = TypeVar("Item")


@dataclass(frozen=True)
class Part(Generic[Item]):
    """A part of a list, and the cursor of what follows."""

    items: Sequence[Item]
    next: str | None


def position(name: str, cursor: str) -> Position | None:
    """Where a list goes on; None for its beginning.

    Raises:
        CursorBroken: if the cursor is none that was handed out for this list.
    """
    return read_cursor(name, cursor) if cursor else None


def part_of(
    name: str, items: Sequence[Item], most: int, position_of: Callable[[Item], Position]
) -> Part[Item]:
    """The first so many of the items; one more of them says that something follows."""
    kept = items[:most]
    follows = len(items) > most
    return Part(kept, sign_cursor(name, position_of(kept[-1])) if follows else None)


def feed_of(
    name: str, items: Sequence[Item], cursor: str, position_of: Callable[[Item], Position]
) -> Part[Item]:
    """Items that grow at their end: the cursor stays where there are none."""
    return Part(items, sign_cursor(name, position_of(items[-1])) if items else cursor or None)

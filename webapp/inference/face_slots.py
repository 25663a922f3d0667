"""Turns at analysing faces: a bounded number at once, a bounded queue, shared out between callers.

Analysis is what costs. A queue without a bound would answer everybody late, when they have given up
already; this one is as long as people are patient. No caller takes it all: see `FaceSlots.place`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from threading import Condition

from flask import current_app

from webapp.errors.matching import Busy

NAME = "face_slots"


@dataclass(frozen=True)
class Caller:
    """Whose share of the places and turns a request uses.

    Attributes:
        name: a network of clients, or a key to the API.
        trusted: the server itself or a key, whose requests an administrator has limited.
        guided: frames for the camera's guidance, which the page sends again.
    """

    name: str = ""
    trusted: bool = False
    guided: bool = False


SERVER = Caller("the server", trusted=True)


@dataclass(eq=False)
class _Ticket:
    """A caller that waits for a turn."""

    caller: Caller


class FaceSlots:
    """The turns of one process.

    Args:
        at_once: pictures analysed side by side.
        waiting: requests that may wait for their turn.
        patience: seconds that one of them waits at most.
    """

    def __init__(self, at_once: int, waiting: int, patience: float) -> None:
        self.places = at_once + waiting
        self.turns_left = at_once
        self.places_left = self.places
        self._patience = patience
        self._changed = Condition()
        self._held: Counter[str] = Counter()
        self._guided = 0
        self._running: Counter[str] = Counter()
        self._waiting: list[_Ticket] = []

    @property
    def share(self) -> int:
        """Return how many places one network of clients may hold: half of all."""
        return max(1, self.places // 2)

    @property
    def kept(self) -> int:
        """Return how many places stay free of guidance and of one key: a quarter of all."""
        return self.places // 4

    @contextmanager
    def place(self, caller: Caller = SERVER) -> Iterator[None]:
        """Hold a place among the requests that have or wait for a turn.

        Raises:
            Busy: if all are taken, or the caller's share of them.
        """
        with self._changed:
            if not self._has_place(caller):
                raise Busy
            self._count(caller, 1)
        try:
            yield
        finally:
            with self._changed:
                self._count(caller, -1)

    @contextmanager
    def turn(self, caller: Caller = SERVER, *, placed: bool = False) -> Iterator[None]:
        """Wait for a turn and hold it; a caller that is `placed` holds a place already.

        The next turn goes to the caller with the fewest running, the longest wait first.

        Raises:
            Busy: if too many wait already, or no turn came in time.
        """
        with nullcontext() if placed else self.place(caller), self._turn(caller):
            yield

    def _has_place(self, caller: Caller) -> bool:
        if caller.guided and self._guided >= self.places - self.kept:
            return False
        return self.places_left > 0 and self._held[caller.name] < self._bound(caller)

    def _bound(self, caller: Caller) -> int:
        if caller is SERVER:
            return self.places
        return self.places - self.kept if caller.trusted else self.share

    def _count(self, caller: Caller, change: int) -> None:
        self.places_left -= change
        self._guided += change if caller.guided else 0
        self._held[caller.name] += change
        _forget_none(self._held, caller.name)

    @contextmanager
    def _turn(self, caller: Caller) -> Iterator[None]:
        with self._changed:
            self._wait(caller)
            self.turns_left -= 1
            self._running[caller.name] += 1
        try:
            yield
        finally:
            with self._changed:
                self.turns_left += 1
                self._running[caller.name] -= 1
                _forget_none(self._running, caller.name)
                self._changed.notify_all()

    def _wait(self, caller: Caller) -> None:
        ticket = _Ticket(caller)
        self._waiting.append(ticket)
        try:
            is_next = self._changed.wait_for(
                lambda: self.turns_left > 0 and self._next() is ticket, self._patience
            )
        finally:
            self._waiting.remove(ticket)
            self._changed.notify_all()
        if not is_next:
            raise Busy

    def _next(self) -> _Ticket:
        return min(self._waiting, key=lambda ticket: self._running[ticket.caller.name])


def _forget_none(counts: Counter[str], name: str) -> None:
    if not counts[name]:
        del counts[name]


def face_slots() -> FaceSlots:
    """Return the slots for analysing faces of the current app."""
    slots: FaceSlots = current_app.extensions[NAME]
    return slots

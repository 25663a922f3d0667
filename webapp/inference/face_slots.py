"""Face slots: a bounded number of concurrent face analyses, with a bounded and fair queue.

Face analysis dominates the cost of a request. An unbounded queue would delay everyone until they
give up, so the queue is only as long as people wait. `FaceSlots.place` limits each caller to a
share of it.
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
    """The owner of the share of places and slots that a request uses.

    Attributes:
        name: a client network, or an API key.
        trusted: whether it is the server, or a key, which has a rate limit of its own.
        guided: whether it sends frames for camera guidance, which the page repeats.
    """

    name: str = ""
    trusted: bool = False
    guided: bool = False


SERVER = Caller("the server", trusted=True)


@dataclass(eq=False)
class _Ticket:
    """A caller waiting for a slot."""

    caller: Caller


class FaceSlots:
    """The slots of one process, and its queue.

    Args:
        slots: concurrent face analyses.
        queue: requests that may wait for a slot.
        timeout: maximum wait for a slot, in seconds.

    Attributes:
        places: requests that hold or wait for a slot, at most.
        free_slots, free_places: the numbers left.
    """

    def __init__(self, slots: int, queue: int, timeout: float) -> None:
        self.places = slots + queue
        self.free_slots = slots
        self.free_places = self.places
        self._timeout = timeout
        self._changed = Condition()
        self._held: Counter[str] = Counter()
        self._guided = 0
        self._running: Counter[str] = Counter()
        self._waiting: list[_Ticket] = []

    @property
    def share(self) -> int:
        """Places that one client network may hold: half of all."""
        return max(1, self.places // 2)

    @property
    def reserved(self) -> int:
        """Places that guidance, and any single key, leave free: a quarter of all."""
        return self.places // 4

    @contextmanager
    def place(self, caller: Caller = SERVER) -> Iterator[None]:
        """Hold a place among the requests that hold or wait for a slot.

        Raises:
            Busy: if all places, or the caller's share of them, are taken.
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
    def slot(self, caller: Caller = SERVER, *, has_place: bool = False) -> Iterator[None]:
        """Wait for a slot and hold it; take a place too, unless the caller has one.

        The next slot goes to the caller with the fewest running analyses, then to the longest wait.

        Raises:
            Busy: if the queue is full, or no slot became free in time.
        """
        with nullcontext() if has_place else self.place(caller), self._slot(caller):
            yield

    def _has_place(self, caller: Caller) -> bool:
        if caller.guided and self._guided >= self.places - self.reserved:
            return False
        return self.free_places > 0 and self._held[caller.name] < self._bound(caller)

    def _bound(self, caller: Caller) -> int:
        if caller is SERVER:
            return self.places
        return self.places - self.reserved if caller.trusted else self.share

    def _count(self, caller: Caller, change: int) -> None:
        self.free_places -= change
        self._guided += change if caller.guided else 0
        self._held[caller.name] += change
        _drop_zero(self._held, caller.name)

    @contextmanager
    def _slot(self, caller: Caller) -> Iterator[None]:
        with self._changed:
            self._wait(caller)
            self.free_slots -= 1
            self._running[caller.name] += 1
        try:
            yield
        finally:
            with self._changed:
                self.free_slots += 1
                self._running[caller.name] -= 1
                _drop_zero(self._running, caller.name)
                self._changed.notify_all()

    def _wait(self, caller: Caller) -> None:
        ticket = _Ticket(caller)
        self._waiting.append(ticket)
        try:
            is_next = self._changed.wait_for(
                lambda: self.free_slots > 0 and self._next() is ticket, self._timeout
            )
        finally:
            self._waiting.remove(ticket)
            self._changed.notify_all()
        if not is_next:
            raise Busy

    def _next(self) -> _Ticket:
        return min(self._waiting, key=lambda ticket: self._running[ticket.caller.name])


def _drop_zero(counts: Counter[str], name: str) -> None:
    if not counts[name]:
        del counts[name]


def face_slots() -> FaceSlots:
    """Return the face slots of the current app."""
    slots: FaceSlots = current_app.extensions[NAME]
    return slots

"""Turns at looking at faces: so many at once, so many wait, the others are asked to come again.

Looking at faces is what costs. A queue without an end would answer everybody late, when they have
given up already; this one is as long as people are patient.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import Condition

from webapp.errors import Busy


class Turns:
    """The turns of one process.

    Args:
        at_once: pictures looked at side by side.
        waiting: requests that may wait for their turn.
        patience: seconds that one of them waits at most.
    """

    def __init__(self, at_once: int, waiting: int, patience: float) -> None:
        self.turns_left = at_once
        self.places_left = at_once + waiting
        self._patience = patience
        self._changed = Condition()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place among those who have or wait for a turn.

        Raises:
            Busy: if all are taken.
        """
        with self._changed:
            if not self.places_left:
                raise Busy
            self.places_left -= 1
        try:
            yield
        finally:
            with self._changed:
                self.places_left += 1

    @contextmanager
    def turn(self, *, placed: bool = False) -> Iterator[None]:
        """Wait for a turn and hold it; who is `placed` holds a place already.

        Raises:
            Busy: if too many wait already, or none came in time.
        """
        with nullcontext() if placed else self.place(), self._turn():
            yield

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._changed:
            if not self._changed.wait_for(lambda: self.turns_left, self._patience):
                raise Busy
            self.turns_left -= 1
        try:
            yield
        finally:
            with self._changed:
                self.turns_left += 1
                self._changed.notify()

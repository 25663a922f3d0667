"""Ctrl-C stops a run after its current step, so that the checkpoint is complete."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Whether a stop was requested."""

    def __init__(self) -> None:
        self.made = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """Record the request; a second one stops immediately."""
        if self.made:
            raise KeyboardInterrupt
        self.made = True


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Turn SIGINT and SIGTERM into a stop request; no effect outside the main thread."""
    request = StopRequest()
    try:
        before = {number: signal.signal(number, request) for number in SIGNALS}
    except ValueError:  # only the main thread can set handlers
        yield request
        return
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""Processor time that networks of clients use, bounded by the minute.

A request may cost a thousand times as much as another, so counting requests alone bounds nothing.
Each process counts for itself, and offers a share of the cores that it computes on.
"""

from __future__ import annotations

import math
import time
from datetime import timedelta

from flask import current_app
from limits import RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter

from webapp.core.memory_storage import LockedMemoryStorage
from webapp.errors.api import NetworkLimitReached

NAME = "processor_time"
MILLISECONDS_A_MINUTE = 60_000


class Work:
    """The processor time that each network of clients has left.

    Args:
        cores: that this process computes on.
        share: percentage of them that one network may use.
    """

    def __init__(self, cores: int, share: int) -> None:
        self.milliseconds = MILLISECONDS_A_MINUTE * cores * share // 100
        self._bound = RateLimitItemPerMinute(self.milliseconds)
        self._limiter = FixedWindowRateLimiter(LockedMemoryStorage())

    def check(self, network: str) -> None:
        """Check that a network has processor time left.

        Raises:
            NetworkLimitReached: if it used its minute's; the error says when to send again.
        """
        if self._limiter.test(self._bound, network):
            return
        ends_at = self._limiter.get_window_stats(self._bound, network).reset_time
        raise NetworkLimitReached(timedelta(seconds=max(1, math.ceil(ends_at - time.time()))))

    def charge(self, network: str, seconds: float) -> None:
        """Count processor time against a network's minute."""
        milliseconds = math.ceil(seconds * 1000)
        if milliseconds > 0:
            self._limiter.hit(self._bound, network, cost=milliseconds)


def processor_time() -> Work:
    """Return what networks of clients used of the current app's processor time."""
    work: Work = current_app.extensions[NAME]
    return work

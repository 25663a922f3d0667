"""Limit of processor time per client network and minute.

One request may cost a thousand times as much as another, so a limit of requests alone is not
enough. Each process counts separately, and grants a share of its cores.
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
MILLISECONDS_PER_MINUTE = 60_000


class ProcessorTime:
    """The processor time used by each client network in the current minute.

    Args:
        cores: number of cores of this process.
        share: percentage of them that one network may use.

    Attributes:
        milliseconds: the limit per network and minute.
    """

    def __init__(self, cores: int, share: int) -> None:
        self.milliseconds = MILLISECONDS_PER_MINUTE * cores * share // 100
        self._limit = RateLimitItemPerMinute(self.milliseconds)
        self._limiter = FixedWindowRateLimiter(LockedMemoryStorage())

    def check(self, network: str) -> None:
        """Check that a network has processor time left.

        Raises:
            NetworkLimitReached: if it has none; the error holds the seconds to wait.
        """
        if self._limiter.test(self._limit, network):
            return
        ends_at = self._limiter.get_window_stats(self._limit, network).reset_time
        raise NetworkLimitReached(timedelta(seconds=max(1, math.ceil(ends_at - time.time()))))

    def charge(self, network: str, seconds: float) -> None:
        """Charge processor time to a network, in seconds."""
        milliseconds = math.ceil(seconds * 1000)
        if milliseconds > 0:
            self._limiter.hit(self._limit, network, cost=milliseconds)


def processor_time() -> ProcessorTime:
    """Return the processor time counters of the current app."""
    counters: ProcessorTime = current_app.extensions[NAME]
    return counters

"""Number of processor cores that this process may use, on any system."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Return the number of cores that this process may run on, at least 1.

    Linux can restrict a process to some cores (`taskset`, containers). macOS and Windows report no
    such restriction.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

"""How many processor cores this process may use, on any system."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Return the number of cores that this process may run on, at least 1.

    Linux restricts a process to some of the machine's cores (`taskset`, containers); macOS and
    Windows have no such restriction to ask for.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

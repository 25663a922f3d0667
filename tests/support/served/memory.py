"""Memory of this process, on any system."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

STATM = Path("/proc/self/statm")
# Of `ru_maxrss`, in bytes.
UNIT = 1 if sys.platform == "darwin" else 1024


def resident_bytes() -> int:
    """Return the resident memory; where the system does not report it, the peak."""
    if STATM.exists():
        return int(STATM.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT

"""The states of every page. A scene walks through some of them; add one for each new state.

Each scene starts with an installation of its own: an administrator, an operator and a viewer;
nobody enrolled, liveness checks off. `site.admin.see(path)` opens a page, `send` sends a form.
Both follow redirects, expect the status 200 by default, and check the response.
"""

from __future__ import annotations

from tests.support.walking.scenes import (
    accounts,
    failures,
    matching,
    models,
    people,
    programs,
    records,
    thresholds,
)
from tests.support.walking.scenes.audit_events import recorded_events
from tests.support.walking.scenes.registry import SCENES

__all__ = [
    "SCENES",
    "accounts",
    "failures",
    "matching",
    "models",
    "people",
    "programs",
    "recorded_events",
    "records",
    "thresholds",
]

"""The event log: event names with ids and counts.

It never contains faces, names, identifiers, embeddings or tokens. Events refer to rows by id.
"""

from __future__ import annotations

import logging

events = logging.getLogger("webapp.events")


def record_event(name: str, **ids: object) -> None:
    """Log an event that matters to an auditor; pass ids and counts only."""
    events.info("%s %s", name, " ".join(f"{key}={value}" for key, value in ids.items()))

"""Events in the log: what happened, with ids and counts alone.

Never in it: faces, names, identifiers, embeddings, tokens. Rows are named by id.
"""

from __future__ import annotations

import logging

events = logging.getLogger("webapp.events")


def record_event(name: str, **ids: object) -> None:
    """Log that something worth an auditor's eye happened; ids and counts only."""
    events.info("%s %s", name, " ".join(f"{key}={value}" for key, value in ids.items()))

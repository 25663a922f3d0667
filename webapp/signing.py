"""Values that browsers hold for us, signed and for a while."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import session

from webapp.models import now

HALF_SIGNED_IN = "half_signed_in"
TIME_FOR_CODE = timedelta(minutes=5)


def name_half_signed_in(username: str) -> None:
    """Remember in the cookie whose password was right, until the code follows."""
    session[HALF_SIGNED_IN] = [username, (now() + TIME_FOR_CODE).isoformat()]


def half_signed_in() -> str | None:
    """Whose password was right a moment ago, None for nobody's."""
    username, until = session.get(HALF_SIGNED_IN, ("", None))
    return username if until and now() < datetime.fromisoformat(until) else None

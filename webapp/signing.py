"""Values that browsers hold for us, signed and for a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from flask import current_app, session
from itsdangerous import BadData, URLSafeTimedSerializer

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


def sign_link(person_id: UUID, number: int) -> str:
    """What the link to a person's own page holds."""
    return str(_links().dumps([person_id.hex, number]))


def read_link(token: str, days: int) -> tuple[UUID, int] | None:
    """Whose link it is, and its number; None for one that is forged or too old."""
    try:
        oldest = timedelta(days=days) // timedelta(seconds=1)
        person_id, number = _links().loads(token, max_age=oldest)
    except BadData:
        return None
    return UUID(hex=person_id), number


def _links() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt="own page")

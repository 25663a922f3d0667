"""Values that browsers and programs hold for us, signed."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask, current_app, session
from itsdangerous import BadData, TimestampSigner, URLSafeSerializer, URLSafeTimedSerializer

from webapp.cookies import OwnCookie
from webapp.errors import ChallengeUnknown, CursorBroken
from webapp.models import now

HALF_SIGNED_IN = "half_signed_in"
TIME_FOR_CODE = timedelta(minutes=5)
CHALLENGED = "challenged"


class _Signer(TimestampSigner):
    """Dates what it signs by the clock of all nodes: what seems to come from later is refused."""

    def get_timestamp(self) -> int:
        return int(now().timestamp())


class SignedSessions(OwnCookie):
    """Flask's sessions, for browsers that meet one node after the other."""

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """What signs the cookie; None without a secret key."""
        serializer = super().get_signing_serializer(app)
        if serializer:
            serializer.signer = _Signer
        return serializer


def name_half_signed_in(username: str) -> None:
    """Remember in the cookie whose password was right, until the code follows."""
    session[HALF_SIGNED_IN] = [username, (now() + TIME_FOR_CODE).isoformat()]


def half_signed_in() -> str | None:
    """Whose password was right a moment ago, None for nobody's."""
    username, until = session.get(HALF_SIGNED_IN, ("", None))
    return username if until and now() < datetime.fromisoformat(until) else None


def challenge_holder() -> str:
    """What the challenges and results of this browser's session belong to."""
    if CHALLENGED not in session:
        session[CHALLENGED] = secrets.token_urlsafe()
    return f"session {session[CHALLENGED]}"


def sign_challenge(challenge_id: UUID) -> str:
    """What a page or a program holds of a challenge."""
    return str(_challenges().dumps(challenge_id.hex))


def read_challenge(token: str) -> UUID:
    """Which challenge it is.

    Raises:
        ChallengeUnknown: if the token is forged.
    """
    try:
        return UUID(hex=_challenges().loads(token))
    except BadData as error:
        raise ChallengeUnknown from error


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


def sign_cursor(name: str, position: list[object]) -> str:
    """Where a list goes on, for whoever reads it; `name` is the list's."""
    return str(_cursors(name).dumps(position))


def read_cursor(name: str, cursor: str) -> list[Any]:
    """Where a list goes on, as it was signed.

    Raises:
        CursorBroken: if the cursor is none that was handed out for this list.
    """
    try:
        return list(_cursors(name).loads(cursor))
    except BadData as error:
        raise CursorBroken from error


def _cursors(name: str) -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt=f"cursor of {name}")


def _challenges() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="challenge")


def _links() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt="own page", signer=_Signer)

"""Values that browsers and programs hold for us, signed by the cookie key.

A signature alone opens nothing: the holder of the key can make any of these values. What opens
people's data or an account is a random token, whose digest under the installation's key is a row.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import Flask, current_app, session
from itsdangerous import (
    BadData,
    SignatureExpired,
    Signer,
    TimestampSigner,
    URLSafeSerializer,
    URLSafeTimedSerializer,
)

from webapp.core.clock import now
from webapp.errors.api import CursorBroken
from webapp.errors.liveness import ChallengeUnknown
from webapp.web.cookies import OwnCookie

PENDING = "pending_sign_in"
CHALLENGED = "challenged"


class TolerantSigner(TimestampSigner):
    """Accepts a date in the future: another node, whose clock is ahead, may have signed."""

    def unsign(
        self, signed: Any, max_age: int | None = None, return_timestamp: bool = False
    ) -> Any:
        """Return what was signed, with its date if asked; raise if it is forged or too old."""
        value, signed_at = super().unsign(signed, return_timestamp=True)
        if max_age is not None and (now() - signed_at).total_seconds() > max_age:
            raise SignatureExpired("older than the session may be", date_signed=signed_at)
        return (value, signed_at) if return_timestamp else value


class SignedSessions(OwnCookie):
    """Flask's sessions, signed by HMAC-SHA256."""

    digest_method = staticmethod(sha256)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """What signs the cookie; None without a secret key."""
        serializer = super().get_signing_serializer(app)
        if serializer:
            serializer.signer = TolerantSigner
        return serializer


def add_signing(app: Flask) -> None:
    """Sign everything by HMAC-SHA256, also what libraries sign, whose default is SHA-1."""
    Signer.default_digest_method = staticmethod(sha256)
    app.session_interface = SignedSessions()


def keep_pending(token: str) -> None:
    """Remember in the cookie the sign-in that waits for its code."""
    session[PENDING] = token


def pending() -> str | None:
    """The token of the sign-in that waits for its code, None for none."""
    return session.get(PENDING)


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

"""Values that browsers and programs keep for the app, signed with the cookie key.

A signature alone grants no access: the holder of the key can forge any of these values. Access to
people's data or an account requires a random token; the database keeps its keyed digest.
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
    """Accepts dates in the future: another node, whose clock is ahead, may have signed."""

    def unsign(
        self, signed: Any, max_age: int | None = None, return_timestamp: bool = False
    ) -> Any:
        """Return the signed value, with its date if requested.

        Raises:
            BadSignature: if it is forged; SignatureExpired if it is too old.
        """
        value, signed_at = super().unsign(signed, return_timestamp=True)
        if max_age is not None and (now() - signed_at).total_seconds() > max_age:
            raise SignatureExpired("older than the session may be", date_signed=signed_at)
        return (value, signed_at) if return_timestamp else value


class SignedSessions(OwnCookie):
    """Flask's sessions, signed with HMAC-SHA256."""

    digest_method = staticmethod(sha256)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return the serializer that signs the cookie; None without a secret key."""
        serializer = super().get_signing_serializer(app)
        if serializer:
            serializer.signer = TolerantSigner
        return serializer


def add_signing(app: Flask) -> None:
    """Sign everything with HMAC-SHA256, including what libraries sign with SHA-1 by default."""
    Signer.default_digest_method = staticmethod(sha256)
    app.session_interface = SignedSessions()


def keep_pending(token: str) -> None:
    """Store the token of a pending sign-in in the session."""
    session[PENDING] = token


def pending() -> str | None:
    """Return the token of the pending sign-in; None if there is none."""
    return session.get(PENDING)


def challenge_holder() -> str:
    """Return the holder of this browser session's challenges and results."""
    if CHALLENGED not in session:
        session[CHALLENGED] = secrets.token_urlsafe()
    return f"session {session[CHALLENGED]}"


def sign_challenge(challenge_id: UUID) -> str:
    """Return the token of a challenge for a page or a program."""
    return str(_challenges().dumps(challenge_id.hex))


def read_challenge(token: str) -> UUID:
    """Return the id of the challenge of a token.

    Raises:
        ChallengeUnknown: if the token is forged.
    """
    try:
        return UUID(hex=_challenges().loads(token))
    except BadData as error:
        raise ChallengeUnknown from error


def sign_cursor(name: str, position: list[object]) -> str:
    """Return a cursor for a position in the list `name`."""
    return str(_cursors(name).dumps(position))


def read_cursor(name: str, cursor: str) -> list[Any]:
    """Return the position of a cursor.

    Raises:
        CursorBroken: if the cursor was not issued for this list.
    """
    try:
        return list(_cursors(name).loads(cursor))
    except BadData as error:
        raise CursorBroken from error


def _cursors(name: str) -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt=f"cursor of {name}")


def _challenges() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt="challenge")

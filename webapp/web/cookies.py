"""Names and paths of cookies that no other app on the same host reads or overwrites.

Browsers share a host's cookies between all ports, and send them to all paths below a cookie's own.
The name therefore contains a mark of the installation, and the path is the app's prefix.
"""

from __future__ import annotations

import hashlib
import hmac

from flask import Flask, current_app, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin

MARK_LENGTH = 8


def cookie_name(kind: str) -> str:
    """Return the name of a cookie, such as `__Host-faces_session_1f0c2a9b`.

    With HTTPS, the prefix `__Host-` prevents other hosts of the domain from setting it. Browsers
    accept that prefix only for the path `/`; behind a path prefix, it is `__Secure-`.
    """
    return f"{_prefix()}faces_{kind}_{_mark(current_app)}"


def cookie_path() -> str:
    """Return the path of cookies: the app's prefix."""
    return request.script_root or "/"


class OwnCookie(SecureCookieSessionInterface):
    """Flask's session cookie, with the name and path of this installation."""

    def get_cookie_name(self, _app: Flask) -> str:
        """Return the name of the session cookie."""
        return cookie_name("session")

    def get_cookie_path(self, _app: Flask) -> str:
        """Return the path of the session cookie."""
        return cookie_path()

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        """Return whether a response prolongs the session or changes it.

        Only a change is sent to a script. Its request may have left before a form that is answered
        first: the old session would undo what that answer put in, such as its message.
        """
        if session.modified:
            return True
        is_page = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
        return is_page and super().should_set_cookie(app, session)


def _prefix() -> str:
    if not current_app.config["SESSION_COOKIE_SECURE"]:
        return ""
    return "__Secure-" if request.script_root else "__Host-"


def _mark(app: Flask) -> str:
    """Return a mark that all nodes of an installation share; it does not reveal the key."""
    key = app.secret_key or ""
    key = key if isinstance(key, bytes) else key.encode()
    return hmac.digest(key, b"mark of cookies", hashlib.sha256).hex()[:MARK_LENGTH]

"""The browser of the current request: its device cookie, and a label for its owner."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, current_app, request

from webapp.services.accounts.sessions import Browser
from webapp.web.cookies import cookie_name, cookie_path

DEVICE = "device"
# Longer than browsers keep any cookie (RFC 6265bis: 400 days).
LIFETIME = timedelta(days=400)
# The first match in a User-Agent counts: Edge also claims to be Chrome, and Chrome Safari.
PROGRAMS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "CrOS": "ChromeOS",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


def this_browser() -> Browser:
    """Return the browser that sent the current request."""
    return Browser(request.cookies.get(cookie_name(DEVICE)), label_of(request.user_agent.string))


def this_device() -> str | None:
    """Return the device cookie of the current request."""
    return this_browser().device


def keep_device(response: Response, device: str) -> None:
    """Set the device cookie; scripts cannot read it, and other sites' requests do not send it."""
    response.set_cookie(
        cookie_name(DEVICE),
        device,
        max_age=LIFETIME,
        path=cookie_path(),
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
        httponly=True,
        samesite="Lax",
    )


def label_of(user_agent: str) -> str | None:
    """Return a browser's name and system, such as "Firefox, Linux"; None if neither is known."""
    names = (_first(known, user_agent) for known in (PROGRAMS, SYSTEMS))
    return ", ".join(filter(None, names)) or None


def _first(known: dict[str, str], user_agent: str) -> str | None:
    return next((name for mark, name in known.items() if mark in user_agent), None)

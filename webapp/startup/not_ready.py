"""The error of an installation that cannot serve yet."""

from __future__ import annotations

REMEDY = "Run: flask --app wsgi prepare"


class NotReady(Exception):
    """The app cannot serve; the message gives the reason and the next step."""

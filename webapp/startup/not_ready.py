"""Why an installation cannot serve yet."""

from __future__ import annotations

REMEDY = "run: flask --app wsgi prepare"


class NotReady(Exception):
    """The app cannot serve; the text says why and what to do."""

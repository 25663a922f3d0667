"""The languages of the pages: chosen on a page, otherwise the browser's."""

from __future__ import annotations

from flask import request

# By their own names, so that everybody finds theirs.
LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français"}
COOKIE = "faces_language"


def best_language() -> str | None:
    """Return the language that was chosen, or the best of those that the browser asks for."""
    chosen = request.cookies.get(COOKIE)
    return chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES)

"""Languages of the pages: the chosen one, otherwise the browser's."""

from __future__ import annotations

from flask import request

# Each language by its own name, so that its readers recognise it.
LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français"}
COOKIE = "faces_language"


def best_language() -> str | None:
    """Return the chosen language, or the best match for the browser's languages."""
    chosen = request.cookies.get(COOKIE)
    return chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES)

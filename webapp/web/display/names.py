"""Names and identifiers on pages, in any script and of any length."""

from __future__ import annotations

import re
import unicodedata

from flask import Flask
from markupsafe import Markup, escape

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
FROM_RIGHT = {"R", "AL", "AN"}
# A longer word is broken after a punctuation mark first, then anywhere.
LONG_WORD = re.compile(r"\S{25,}")
SIGN = re.compile(r"(?<=[@._/\\:+-])(?=\w)")


def add_name_filters(app: Flask) -> None:
    """Add the template filters `named`, for text, and `isolated`, for attributes."""
    app.add_template_filter(named)
    app.add_template_filter(isolated)


def named(text: object) -> Markup:
    """Return a name for text: isolated from the text's direction, with breaks after its marks."""
    shown = LONG_WORD.sub(lambda word: SIGN.sub("<wbr>", word.group()), str(escape(text)))
    if _runs_from_right(text):
        shown = f"<bdi>{shown}</bdi>"
    return Markup(shown)  # noqa: S704  escaped above


def isolated(text: object) -> str:
    """Return a name isolated by control characters, for attributes, messages and titles."""
    if not _runs_from_right(text):
        return str(text)
    return f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}"


def _runs_from_right(text: object) -> bool:
    return any(unicodedata.bidirectional(letter) in FROM_RIGHT for letter in str(text))

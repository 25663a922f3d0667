"""Names and identifiers as they are compared: people type them in many ways."""

from __future__ import annotations

import unicodedata


def tidy(text: str) -> str:
    """A name as it is kept: composed characters, single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def comparable(text: str) -> str:
    """A name as it is compared: no case, no compatibility variants."""
    return unicodedata.normalize("NFKC", tidy(text)).casefold()

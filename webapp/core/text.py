"""Normalisation of names and identifiers, for storage and for comparison.

Pasted text may contain invisible characters (Unicode category Cf) and blank ones. Some of them
belong to the spelling: Persian, Indic, Mongolian and other scripts need joiners, Japanese names and
emoji variation selectors.
"""

from __future__ import annotations

import re
import unicodedata

JOINERS = {"\u200c", "\u200d", "\u180e"}  # zero width non-joiner, joiner; Mongolian separator
JOINED = re.compile("[\u200c\u200d\u180e]+")
# Variation selectors and the grapheme joiner: they choose a shape of the character before.
SELECTORS = re.compile("[\u034f\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]+")
# Fillers and blanks; to Unicode they are letters and signs of Hangul, Khmer, Braille and others.
BLANK = set("\u115f\u1160\u3164\uffa0\u17b4\u17b5\u2800\U0001d159\U00016fe4")
LAST_LATIN = "\u024f"  # a joiner next to a Latin letter is never spelling
VIRAMA = 9  # combining class; Indic joiners follow a virama, also at the end of a word
# Direction overrides are never typed by accident. They are kept, so that `is_shown` rejects them.
OVERRIDES = {"\u202d", "\u202e"}
# Visible marks of category Cf: signs around numbers in Arabic and Syriac.
VISIBLE = set("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2")
KEPT = JOINERS | VISIBLE | OVERRIDES


def normalize_name(text: str) -> str:
    """Return a name for storage: NFC, single spaces, invisible characters only where spelling."""
    composed = unicodedata.normalize("NFC", text)
    visible = "".join(character for character in composed if not _is_invisible(character))
    spelt = SELECTORS.sub(_spelling_selector, JOINED.sub(_spelling_joiner, visible))
    return " ".join(unicodedata.normalize("NFC", spelt).split())


def comparison_key(text: str) -> str:
    """Return a name for comparison: without case, compatibility variants, joiners and selectors."""
    folded = unicodedata.normalize("NFKC", SELECTORS.sub("", normalize_name(text))).casefold()
    return "".join(character for character in folded if character not in JOINERS)


def is_shown(text: str) -> bool:
    """Return whether every character of a normalised name can be displayed."""
    return all(character.isprintable() or character in JOINERS | VISIBLE for character in text)


def _is_invisible(character: str) -> bool:
    if character in BLANK:
        return True
    return unicodedata.category(character) == "Cf" and character not in KEPT


def _spelling_joiner(joined: re.Match[str]) -> str:
    """Return the first of several joiners if it belongs to the spelling, else an empty text."""
    text, (start, end) = joined.string, joined.span()
    before, after = text[:start][-1:], text[end : end + 1]
    if not before or before <= LAST_LATIN or before.isspace():
        return ""
    is_spelling = unicodedata.combining(before) == VIRAMA or (
        after > LAST_LATIN and not after.isspace()
    )
    return joined.group()[0] if is_spelling else ""


def _spelling_selector(selectors: re.Match[str]) -> str:
    """Return the first of several selectors after a letter or sign that may have other shapes."""
    before = selectors.string[: selectors.start()][-1:]
    return selectors.group()[0] if before > LAST_LATIN and not before.isspace() else ""

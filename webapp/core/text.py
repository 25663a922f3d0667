"""Names and identifiers as they are kept and as they are compared: people type them in many ways.

Characters that are not seen (Unicode's category Cf) come with text that is pasted. Some of them are
spelling, though: Persian, Indic, Mongolian and other scripts need joiners, and so do emoji.
"""

from __future__ import annotations

import re
import unicodedata

JOINERS = {"\u200c", "\u200d", "\u180e"}  # zero width non-joiner, joiner; Mongolian separator
JOINED = re.compile("[\u200c\u200d\u180e]+")
LAST_LATIN = "\u024f"  # no joiner is spelling beside Latin letters
VIRAMA = 9  # combining class of the sign after which Indic joiners stand, at a word's end as well
# They turn the order of letters around, which no accident does: refused, as they cannot be shown.
OVERRIDES = {"\u202d", "\u202e"}
# Marks with a shape of their own, which numbers in Arabic and Syriac are written in.
SEEN = set("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2")
KEPT = JOINERS | SEEN | OVERRIDES


def normalize_name(text: str) -> str:
    """Return a name as it is kept: composed, single spaces, nothing unseen but joiners in place."""
    composed = unicodedata.normalize("NFC", text)
    seen = "".join(character for character in composed if not _is_unseen(character))
    spelt = JOINED.sub(_spelt, seen)
    return " ".join(unicodedata.normalize("NFC", spelt).split())


def comparison_key(text: str) -> str:
    """Return a name as it is compared: without case, compatibility variants and joiners."""
    folded = unicodedata.normalize("NFKC", normalize_name(text)).casefold()
    return "".join(character for character in folded if character not in JOINERS)


def is_shown(text: str) -> bool:
    """Whether every character of a tidy name can be shown."""
    return all(character.isprintable() or character in JOINERS | SEEN for character in text)


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) == "Cf" and character not in KEPT


def _spelt(joined: re.Match[str]) -> str:
    """The first of some joiners where it is spelling, else nothing."""
    text, (start, end) = joined.string, joined.span()
    before, after = text[:start][-1:], text[end : end + 1]
    if not before or before <= LAST_LATIN or before.isspace():
        return ""
    is_spelling = unicodedata.combining(before) == VIRAMA or (
        after > LAST_LATIN and not after.isspace()
    )
    return joined.group()[0] if is_spelling else ""

"""Sentences about the dangers of a setting, and the word that confirms them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from math import floor

from flask_babel import format_decimal, gettext
from flask_babel import lazy_gettext as _l

from webapp.errors.thresholds import Danger

# From this share, a rate counts as everybody's.
EVERYBODY = 0.995
# From this share, "67 in 100" is clearer than "1 in 1".
MOST_PEOPLE = 2 / 3
SENTENCES = {
    "unguarded_nothing": _l("A good photo held before the camera will be accepted as the person."),
    "unguarded_verification": _l("A person can be enrolled from a photo of somebody else."),
    "gentler": _l("More photos and films will be accepted as people."),
    "fewer_movements": _l("Fewer movements to draw from are easier to foresee and to film."),
    "light_off": _l("Films on screens will be accepted as people more often."),
}


def word() -> str:
    """Return the word that confirms a dangerous setting, in the language of the page."""
    return gettext("dangerous")


def is_word(text: str | None) -> bool:
    """Return whether a text is that word, in any capitalisation or Unicode composition."""
    return _plain(text or "") == _plain(word())


def sentences(dangers: Iterable[Danger]) -> str:
    """Return a sentence for each danger."""
    return " ".join(map(sentence, dangers))


def sentence(danger: Danger) -> str:
    """Return the sentence about a danger."""
    if danger.code in SENTENCES:
        return str(SENTENCES[danger.code])
    share = danger.share or 0.0
    if danger.code == "people_refused":
        return refused(_in_hundred(share))
    if share >= EVERYBODY:
        return anybody()
    found = danger.code == "strangers_found"
    if share >= MOST_PEOPLE:
        return (found_of_hundred if found else accepted_of_hundred)(_in_hundred(share))
    return (found_one_in if found else accepted_one_in)(format_decimal(floor(1 / share + 0.5)))


def anybody() -> str:
    """Return the sentence about a threshold of 0."""
    return gettext("Anybody will be accepted as anybody.")


def accepted_one_in(number: str) -> str:
    """Return the sentence about strangers accepted, one in a number."""
    return gettext("About 1 stranger in %(n)s will be accepted.", n=number)


def accepted_of_hundred(number: str) -> str:
    """Return the sentence about strangers accepted, of a hundred."""
    return gettext("About %(n)s in 100 strangers will be accepted.", n=number)


def found_one_in(number: str) -> str:
    """Return the sentence about strangers identified as somebody, one in a number."""
    return gettext("About 1 stranger in %(n)s will be taken for somebody enrolled.", n=number)


def found_of_hundred(number: str) -> str:
    """Return the sentence about strangers identified as somebody, of a hundred."""
    return gettext("About %(n)s in 100 strangers will be taken for somebody enrolled.", n=number)


def refused(number: str) -> str:
    """Return the sentence about genuine attempts rejected, of a hundred."""
    return gettext("About %(n)s in 100 genuine attempts will be refused.", n=number)


def for_scripts() -> dict[str, str]:
    """Return the sentences about a threshold with placeholders in braces."""
    return {
        "anybody": anybody(),
        "accepted_one_in": accepted_one_in("{n}"),
        "accepted_of_hundred": accepted_of_hundred("{n}"),
        "refused": refused("{n}"),
    }


def _in_hundred(share: float) -> str:
    return format_decimal(floor(share * 100 + 0.5))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip(" .\u00a0“”„«»\"'").casefold()

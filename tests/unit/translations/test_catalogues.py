"""Every word of the pages stands in every language, with the same places to fill in."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[3]
LANGUAGES = ("de", "fr")
NAME = re.compile(r"%\((\w+)\)")
PLACE = re.compile(r"%\(\w+\)s|\{\w+\}")
KEYWORDS = {"_": None, "gettext": None, "_l": None, "lazy_gettext": None, "ngettext": (1, 2)}


def _texts(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


def _catalogue(language: str) -> Catalog:
    path = ROOT / "translations" / language / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        return read_po(file, locale=language)


@pytest.fixture(scope="module")
def words() -> set[str]:
    """What the pages and the app say, in English."""
    with (ROOT / "translations" / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(ROOT, methods, options, KEYWORDS)
    return {text if isinstance(text, str) else text[0] for _, _, text, _, _ in found}


def test_the_words_are_found(words: set[str]) -> None:
    assert {"Verify", "Move closer", "The camera is blocked"} <= words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_translated(language: str, words: set[str]) -> None:
    catalogue = _catalogue(language)
    missing = [text for text in words if text not in catalogue or not all(_texts(catalogue[text]))]
    assert missing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_left_over(language: str, words: set[str]) -> None:
    known = {
        message.id if isinstance(message.id, str) else message.id[0]
        for message in _catalogue(language)
    }
    assert known - words - {""} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_the_same_places(language: str) -> None:
    different = []
    for message in _catalogue(language):
        if not message.id:
            continue
        plural = message.id if isinstance(message.id, str) else message.id[1]
        last = _texts(message)[-1]
        if Counter(PLACE.findall(plural)) != Counter(PLACE.findall(last)):
            different.append(last)
    assert different == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_translation_can_be_filled_in(language: str) -> None:
    """Jinja formats every text, with facts or without: a bare percent sign ends in an error."""
    faulty = []
    for message in _catalogue(language):
        for text in filter(None, (*_texts(message),)) if message.id else ():
            try:
                text % dict.fromkeys(NAME.findall(text), "1")
            except (ValueError, TypeError) as error:
                faulty.append((text, str(error)))
    assert faulty == []

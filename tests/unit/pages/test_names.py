from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.text import comparison_key, is_shown, normalize_name


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("  Ada   Lovelace ", "ada lovelace"),
        ("STRASSE", "straße"),
        ("ａｄａ", "Ada"),
        ("e\u0301", "é"),
    ],
)
def test_the_same_name_compares_equal_however_it_is_typed(typed: str, same: str) -> None:
    assert comparison_key(typed) == comparison_key(same)


SPELT = {
    "Persian": "علی\u200cرضا",
    "Persian plural": "خانه\u200cها",
    "Hindi": "क्\u200dष",
    "Malayalam, at the end": "അവന്\u200d",
    "Sinhala": "ශ්\u200dරී",
    "Mongolian": "ᠨᠠᠮᠤ\u180eᠠ",
    "emoji": "👩\u200d💻",
    "an emoji's shape": "❤\ufe0f Ada",
    "a Japanese name": "葛\U000e0100城",
    "Mongolian shape": "ᠠ\u180b",
}
PASTED = {
    "left-to-right mark": "\u200eAda",
    "right-to-left mark": "דנה\u200f",
    "byte order mark": "\ufeffAda",
    "zero width space": "Ada\u200b Lovelace",
    "soft hyphen": "Love\u00adlace",
    "word joiner": "Ada\u2060",
    "embedding": "\u202bעדה\u202c",
    "isolate": "\u2068Ada\u2069",
    "joiner in Latin": "A\u200dda",
    "non-joiner at the end": "علی\u200c",
    "joiner at the beginning": "\u200dعلی",
    "joiner before a space": "علی\u200c رضا",
    "tag": "Ada\U000e0041",
    "line break": "Ada\nLovelace",
}


@pytest.mark.parametrize("name", SPELT.values(), ids=SPELT)
def test_joiners_in_spelling_are_kept_and_ignored_in_comparisons(name: str) -> None:
    assert normalize_name(name) == name
    assert is_shown(name)
    unseen = (0x200C, 0x200D, 0x180E, 0x180B, 0xFE0F, 0xE0100)
    without = name.translate(dict.fromkeys(unseen))
    assert comparison_key(name) == comparison_key(without)


@pytest.mark.parametrize("name", PASTED.values(), ids=PASTED)
def test_invisible_characters_pasted_with_a_name_are_dropped(name: str) -> None:
    kept = normalize_name(name)
    assert is_shown(kept)
    assert kept.isprintable()
    assert kept == normalize_name(
        "".join(part for part in name if part.isprintable() or part.isspace())
    )


# Letters, signs and marks of Unicode without a visible glyph.
UNSEEN = (
    "\u115f\u1160\u3164\uffa0\u17b4\u17b5\u2800\u034f\u180b\ufe00\ufe0f"
    "\U0001d159\U00016fe4\U000e0100"
)


@pytest.mark.parametrize("unseen", UNSEEN, ids=lambda unseen: f"{ord(unseen):04x}")
def test_invisible_characters_are_no_name_and_do_not_distinguish_names(unseen: str) -> None:
    assert normalize_name(unseen) == ""
    assert normalize_name(f"{unseen} {unseen}") == ""
    assert normalize_name(f"Ada{unseen} Love{unseen}lace") == "Ada Lovelace"
    assert comparison_key(f"葛{unseen}城") == comparison_key("葛城")


def test_several_joiners_are_one() -> None:
    assert normalize_name("علی\u200c\u200d\u200cرضا") == "علی\u200cرضا"


@pytest.mark.parametrize("control", ["\0", "\x07", "\x7f", "\ue000", "\u202d", "\u202e"])
def test_control_private_and_overriding_characters_are_no_part_of_a_name(control: str) -> None:
    assert not is_shown(normalize_name(f"A{control}da"))


@given(st.text(max_size=40))
def test_tidying_twice_changes_nothing_more(text: str) -> None:
    assert normalize_name(normalize_name(text)) == normalize_name(text)

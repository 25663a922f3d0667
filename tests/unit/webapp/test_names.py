from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.services.names import comparable, tidy


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
    assert comparable(typed) == comparable(same)


@given(st.text(max_size=40))
def test_tidying_twice_changes_nothing_more(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)

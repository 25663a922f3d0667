"""Names in a page's text and in its attributes."""

from __future__ import annotations

import pytest

from webapp.web.display.names import isolated, named


@pytest.mark.parametrize("name", ["Ada", "O’Brien-Smith", "寿限無", "ada-1@example.org"])
def test_an_ordinary_name_is_shown_unchanged(name: str) -> None:
    assert named(name) == isolated(name) == name


def test_a_long_identifier_breaks_after_its_signs() -> None:
    shown = named("grace.hopper@navy-yard.example.org")
    assert shown == "grace.<wbr>hopper@<wbr>navy-<wbr>yard.<wbr>example.<wbr>org"


@pytest.mark.parametrize("name", ["יוסף", "محمد", "Joe (יוסף)"])
def test_a_name_from_right_to_left_is_isolated(name: str) -> None:
    assert named(name) == f"<bdi>{name}</bdi>"
    assert isolated(name) == f"\u2068{name}\u2069"


def test_a_name_is_never_markup() -> None:
    assert named("<b>&.a" * 9).count("<b>") == 0

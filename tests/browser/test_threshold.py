"""The threshold page with scripts: what is looked at is said as the server says it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page

from tests.browser.opening import Opener, sign_in
from tests.browser.site import Site


def said(page: Page) -> str:
    return page.locator("[data-looked-at]").inner_text()


def place(page: Page) -> float:
    """How far to the right the line stands."""
    transform = page.locator("[data-line]").get_attribute("transform")
    return float(re.match(r"translate\(([\d.]+) 0\)", transform).group(1))


@pytest.fixture
def page(site: Site, opener: Opener) -> Page:
    opened = opener.page(site)
    sign_in(opened)
    opened.goto("/threshold")
    return opened


def look_at_highest(page: Page) -> None:
    page.get_by_role("slider").press("End")


def look_at_strict(page: Page) -> None:
    page.get_by_role("button", name="Strict").click()


def type_a_number(page: Page) -> None:
    page.get_by_label("New threshold").fill("33.3")


@pytest.mark.parametrize("look", [look_at_highest, look_at_strict, type_a_number])
def test_slider_goals_and_number_say_what_the_server_says(page: Page, look) -> None:
    before = said(page)
    look(page)
    by_script, line = said(page), place(page)
    score = page.get_by_label("New threshold").input_value()
    assert page.get_by_role("slider").input_value() == score
    assert by_script != before

    page.goto(f"/threshold?score={score}")
    assert said(page) == by_script
    assert place(page) == pytest.approx(line, abs=0.01)


def test_what_is_no_score_leaves_the_last_one_looked_at(page: Page) -> None:
    before = said(page)
    page.get_by_label("New threshold").fill("101")
    assert said(page) == before

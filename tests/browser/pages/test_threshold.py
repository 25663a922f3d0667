"""With scripts, the threshold page previews a score in the server's sentences before it is set."""

from __future__ import annotations

import re
from math import ceil

import pytest
from playwright.sync_api import Page, expect

from tests.support import faces
from tests.support.browser.opening import Opener, sign_in
from tests.support.browser.site import Site
from webapp.services.thresholds.local_population import ENOUGH_PEOPLE

MARKS = ("[data-line]", "[data-place=histogram]", "[data-place=own-histogram]", "[data-place=det]")


def shown(page: Page) -> list[str]:
    return page.locator("[data-looked-at], [data-own]").all_inner_texts()


def places(page: Page) -> list[float | str]:
    """Return the coordinates of the lines and the point, or that they are hidden."""
    found: list[float | str] = []
    for mark in MARKS:
        if page.locator(mark).get_attribute("visibility") == "hidden":
            found += ["hidden"]
            continue
        transform = page.locator(mark).get_attribute("transform")
        found += [float(number) for number in re.findall(r"[\d.]+", transform)]
    return found


@pytest.fixture(scope="module")
def crowd(site: Site, people: tuple[faces.Person, ...]) -> Site:
    """Return a site with enough people for figures about them."""
    for number in range(ENOUGH_PEOPLE):
        site.enrol(f"person-{number}", *people[number % 3].photos[:2])
    return site


@pytest.fixture
def page(crowd: Site, opener: Opener) -> Page:
    opened = opener.page(crowd)
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
def test_slider_goals_and_number_show_the_servers_sentences(page: Page, look) -> None:
    before = shown(page)
    look(page)
    by_script, drawn = shown(page), places(page)
    score = page.get_by_label("New threshold").input_value()
    assert page.get_by_role("slider").input_value() == score
    assert len(by_script) == 2
    assert all(now != then for now, then in zip(by_script, before, strict=True))

    page.goto(f"/threshold?score={score}")
    assert shown(page) == by_script
    for by_server, by_script_place in zip(places(page), drawn, strict=True):
        assert by_server == pytest.approx(by_script_place, abs=0.02)


def test_an_invalid_score_keeps_the_previewed_one(page: Page) -> None:
    before = shown(page)
    page.get_by_label("New threshold").fill("101")
    assert shown(page) == before


def test_the_slider_is_aligned_with_the_chart(page: Page) -> None:
    slider = page.get_by_role("slider")
    for key, score in (("Home", "0"), ("End", "100")):
        slider.press(key)
        assert slider.input_value() == score
        line = page.locator("[data-line]").bounding_box()
        ends = slider.bounding_box()
        end = ends["x"] if key == "Home" else ends["x"] + ends["width"]
        assert abs(line["x"] - end) < 14  # half a thumb


def _compare(page: Page, identifier: str, photo: bytes, outcome: str) -> float:
    """Verify somebody with a picture; returns the score."""
    page.goto(f"/verify?identifier={identifier}")
    page.get_by_text("Choose a picture instead of the camera").click()
    page.get_by_label("Pictures", exact=True).set_input_files(
        {"name": "face.jpg", "mimeType": "image/jpeg", "buffer": photo}
    )
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name=outcome, exact=True)).to_be_visible()
    return float(page.locator("dl dd").first.inner_text())


def test_an_administrator_moves_the_slider_reads_confirms_and_a_borderline_probe_flips(
    fresh_site: Site, opener: Opener, people: tuple[faces.Person, ...]
) -> None:
    fresh_site.add_administrator("anna")
    fresh_site.enrol("borderline", people[0].photos[0])
    page = opener.page(fresh_site)
    sign_in(page)
    score = _compare(page, "borderline", people[0].photos[1], "Match")

    page.goto("/threshold")
    page.get_by_role("slider").fill(str(ceil(score) + 1))
    expect(page.get_by_label("New threshold")).to_have_value(str(ceil(score) + 1))
    expect(page.locator("[data-looked-at]")).to_contain_text("strangers would be accepted")
    page.get_by_label("Reason").fill("a borderline probe")
    page.get_by_role("button", name="Review the change").click()
    expect(page.get_by_text("1 match would have been refused")).to_be_visible()
    if page.get_by_label("Confirmation").count():  # a score that hardly anybody reaches
        page.get_by_label("Confirmation").fill("dangerous")
    page.get_by_role("button", name="Set the threshold").click()
    expect(page.get_by_text("The threshold is changed")).to_be_visible()
    expect(page.get_by_text("a borderline probe")).to_be_visible()

    _compare(page, "borderline", people[0].photos[1], "No match")

"""Every page is accessible: axe's rules, keyboard only, small and zoomed screens."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, expect

from tests.support import faces
from tests.support.browser import scenes
from tests.support.browser.axe import problems_of, violations
from tests.support.browser.opening import (
    ADMINISTRATOR,
    ALLOWED,
    DESKTOP,
    Browsers,
    Opener,
    claim,
    fill_in,
    instruction,
    sign_in,
    tray,
)
from tests.support.browser.pages import addresses, pages
from tests.support.browser.site import Site

KNOWN = {"/", "/verify", "/sign-in", "/people", "/people/new", "/identify", "/threshold"}
LANGUAGES = ("en", "de", "fr")
NARROW = {"viewport": {"width": 320, "height": 640}}
ZOOMED = {"viewport": {"width": 640, "height": 400}}  # a screen of 1280 × 800 at 200 %
LANDSCAPE = {"viewport": {"width": 844, "height": 390}, "is_mobile": True, "has_touch": True}
LARGE_PRINT = "document.documentElement.style.fontSize = '200%'"


def _compare(page: Page, identifier: str, photo: bytes) -> None:
    page.goto(f"/verify?identifier={identifier}")
    page.get_by_text("Choose a picture instead of the camera").click()
    page.get_by_label("Pictures", exact=True).set_input_files(
        {"name": "face.jpg", "mimeType": "image/jpeg", "buffer": photo}
    )
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="Result of the verification")).to_be_attached()


def test_no_page_violates_a_rule(
    site: Site, opener: Opener, people: tuple[faces.Person, ...]
) -> None:
    person = site.enrol("axe", *people[0].photos[:2])
    page = opener.page(site, expected=("404",))
    found = addresses(site, person)
    public = pages(page.context, found)
    problems = problems_of(page, public)
    sign_in(page)
    signed_in = pages(page.context, found)
    assert {*public, *signed_in} >= {*KNOWN, person}
    problems += problems_of(page, [*signed_in, "/people?q=nobody"])
    for probe in (people[0].photos[1], people[1].photos[0]):
        _compare(page, "axe", probe)
        page.get_by_text("The score is not a probability").click()
        problems += violations(page)
    assert problems == []


def test_the_first_pages_violate_no_rule(fresh_site: Site, opener: Opener) -> None:
    page = opener.page(fresh_site)
    assert problems_of(page, ["/", fresh_site.setup_path]) == []


def test_an_enrolment_that_is_not_accepted_violates_no_rule(
    site: Site, opener: Opener, people: tuple[faces.Person, ...]
) -> None:
    site.enrol("twin", people[0].photos[0])
    page = opener.page(site)
    sign_in(page)
    fill_in(page, "again", "Again")
    page.get_by_label("Pictures", exact=True).set_input_files(
        [
            {"name": name, "mimeType": "image/jpeg", "buffer": data}
            for name, data in (("a.jpg", people[0].photos[1]), ("b.jpg", faces.without_face()))
        ]
    )
    page.get_by_role("button", name="Enrol this person").click()
    expect(page.get_by_role("heading", name="A photo cannot be used")).to_be_focused()
    assert violations(page) == []


def test_the_reviews_of_a_change_violate_no_rule_and_fit(
    site: Site, opener: Opener, people: tuple[faces.Person, ...]
) -> None:
    person = site.enrol("under-review", *people[0].photos[:2])
    page = opener.page(site)
    sign_in(page)
    _compare(page, "under-review", people[0].photos[1])
    problems = []
    for address, label, value in (
        ("/threshold", "New threshold", "99"),
        (f"{person}/threshold", "Stricter by … points", "49"),
        ("/threshold/search", "Lead over the next person, in points", "8"),
    ):
        page.goto(address)
        page.get_by_label(label).fill(value)
        page.get_by_label("Reason").fill("to see the page that only a form leads to")
        page.get_by_role("button", name="Review the change").click()
        expect(page.get_by_role("heading", name="Review the change")).to_be_visible()
        problems += violations(page)
        page.set_viewport_size(NARROW["viewport"])
        problems += _scrolling_sideways(page, address)
        page.set_viewport_size(DESKTOP["viewport"])
    assert problems == []


def test_a_running_and_a_failed_camera_violate_no_rule(site: Site, opener: Opener) -> None:
    working = opener.camera_page(site, scenes.empty())
    claim(working)
    expect(instruction(working)).to_have_text("Look into the camera")
    broken = opener.page(site, ALLOWED)
    claim(broken)
    expect(broken.get_by_role("heading", name="No camera was found")).to_be_visible()
    assert violations(working) + violations(broken) == []


@dataclass
class Fitting:
    """Pages that scroll sideways; each is opened once in each language."""

    narrow: list[str] = field(default_factory=list)
    zoomed: list[str] = field(default_factory=list)
    large_print: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def fitting(site: Site, browsers: Browsers, people: tuple[faces.Person, ...]) -> Fitting:
    """Open every page on the narrowest screen, and in English zoomed and in large print."""
    person = site.enrol("a-rather-long-identifier@example.org", people[0].photos[0])
    seen = Fitting()
    with ExitStack() as stack:
        opener = Opener(browsers, stack)
        first = opener.page(site)
        sign_in(first)
        session = first.context.storage_state()
        found = pages(first.context, addresses(site, person))
        for language in LANGUAGES:
            page = opener.page(
                site, expected=("404",), locale=language, storage_state=session, **NARROW
            )
            for address in found:
                page.goto(address)
                expect(page.locator("html")).to_have_attribute("lang", language)
                seen.narrow += _scrolling_sideways(page, address)
                if language == "en":
                    page.set_viewport_size(ZOOMED["viewport"])
                    seen.zoomed += _scrolling_sideways(page, address)
                    page.set_viewport_size(DESKTOP["viewport"])
                    page.evaluate(LARGE_PRINT)
                    seen.large_print += _scrolling_sideways(page, address)
                    page.set_viewport_size(NARROW["viewport"])
        assert opener.troubles() == []
    return seen


def _scrolling_sideways(page: Page, name: str) -> list[str]:
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        return [f"{name} in {page.locator('html').get_attribute('lang')}"]
    return []


def test_no_page_scrolls_sideways_on_the_narrowest_screen(fitting: Fitting) -> None:
    assert fitting.narrow == []


def test_no_page_scrolls_sideways_zoomed_to_twice_its_size(fitting: Fitting) -> None:
    assert fitting.zoomed == []


def test_text_of_twice_the_size_still_fits(fitting: Fitting) -> None:
    assert fitting.large_print == []


def test_the_current_entry_is_visible_in_a_menu_wider_than_the_screen(
    site: Site, opener: Opener
) -> None:
    page = opener.page(site, **NARROW)
    sign_in(page)
    for place in ("/verify", "/threshold", "/account"):
        page.goto(place)
        expect(page.locator(".site-nav [aria-current]")).to_be_in_viewport(ratio=1)


def test_reduced_motion_stops_animations(site: Site, opener: Opener) -> None:
    page = opener.camera_page(site, scenes.empty(), reduced_motion="reduce")
    claim(page)
    expect(instruction(page)).to_have_text("Look into the camera")
    moving = """[...document.querySelectorAll("*")].filter((one) => {
      const { animationDuration, transitionDuration } = getComputedStyle(one);
      return Math.max(parseFloat(animationDuration), parseFloat(transitionDuration)) > 0.001;
    }).map((one) => one.outerHTML.slice(0, 80))"""
    assert page.evaluate(moving) == []


def test_a_phone_on_its_side_shows_the_whole_stage(site: Site, opener: Opener) -> None:
    page = opener.camera_page(site, scenes.empty(), **LANDSCAPE)
    claim(page)
    expect(instruction(page)).to_be_in_viewport(ratio=1)
    expect(page.locator(".booth-stage")).to_be_in_viewport(ratio=0.98)


def test_enrolling_needs_no_mouse(
    fresh_site: Site, opener: Opener, people: tuple[faces.Person, ...]
) -> None:
    fresh_site.add_administrator(ADMINISTRATOR)
    page = opener.page(fresh_site)
    sign_in(page)
    page.goto("/people/new")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    reached: list[str] = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.name || document.activeElement.type"))
        if reached[-1] == "identifier":
            page.keyboard.type("keys-only")
        if reached[-1] == "name":
            page.keyboard.type("Keys Only")
        if reached[-1] == "consent":
            page.keyboard.press("Space")
    assert [name for name in reached if name in ("identifier", "name", "consent", "images")] == [
        "identifier",
        "name",
        "consent",
        "images",
    ]
    page.get_by_label("Pictures", exact=True).set_input_files(
        {"name": "face.jpg", "mimeType": "image/jpeg", "buffer": people[0].photos[0]}
    )
    page.get_by_role("button", name="Enrol this person").press("Enter")
    expect(page.get_by_text("Keys Only is enrolled.")).to_be_visible()


def test_the_camera_needs_no_mouse(site: Site, opener: Opener) -> None:
    page = opener.camera_page(site, scenes.empty())
    sign_in(page)
    page.goto("/people/new")
    page.get_by_role("button", name="Start the camera").press("Enter")
    manual = page.get_by_role("button", name="Take the picture now")
    expect(manual).to_be_focused()
    page.keyboard.press("Enter")
    expect(tray(page)).to_have_count(1)
    expect(manual).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Start the camera")).to_be_focused()


def test_focus_is_visible_wherever_it_goes(site: Site, opener: Opener) -> None:
    page = opener.page(site)
    page.goto("/verify")
    for _ in range(8):
        page.keyboard.press("Tab")
        width = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
        name = page.evaluate("document.activeElement.outerHTML.slice(0, 80)")
        assert width >= 2, name

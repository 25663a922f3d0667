"""Every page for everyone: no violation that axe finds, keyboard only, small and zoomed screens."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests import faces
from tests.browser import scenes
from tests.browser.opening import ALLOWED, Opener, instruction, sign_in, start_camera
from tests.browser.site import Site

PUBLIC = ("/", "/verify", "/sign-in", "/nothing-here")
OPERATORS = ("/people", "/people?q=nobody", "/people/new", "/identify", "/attempts", "/threshold")
NARROW = {"viewport": {"width": 320, "height": 640}}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def _compare(page: Page, identifier: str, photo: bytes) -> None:
    page.goto(f"/verify?identifier={identifier}")
    page.get_by_text("Choose a picture instead of the camera").click()
    page.get_by_label("Pictures", exact=True).set_input_files(
        {"name": "face.jpg", "mimeType": "image/jpeg", "buffer": photo}
    )
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="Result of the verification")).to_be_attached()


def _violations(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{page.url} {problem['id']}: {node['target']} {node['failureSummary']}"
        for problem in found
        for node in problem["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_violates_a_rule(
    scheme: str, site: Site, opener: Opener, people: tuple[faces.Person, ...]
) -> None:
    person = site.enrol(f"axe-{scheme}", *people[0].photos[:2])
    page = opener.page(site, color_scheme=scheme, reduced_motion="reduce", expected=("404",))
    found: list[str] = []
    for path in PUBLIC:
        page.goto(path)
        found += _violations(page)
    sign_in(page)
    for path in (*OPERATORS, person):
        page.goto(path)
        found += _violations(page)
    for probe in (people[0].photos[1], people[1].photos[0]):
        _compare(page, f"axe-{scheme}", probe)
        page.get_by_text("The score is not a probability").click()
        found += _violations(page)
    assert found == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_camera_violates_no_rule_at_work_or_out_of_order(
    scheme: str, site: Site, opener: Opener
) -> None:
    working = opener.camera_page(site, scenes.empty(), color_scheme=scheme)
    working.goto("/verify")
    start_camera(working)
    expect(instruction(working)).to_have_text("Look into the camera")
    broken = opener.page(site, ALLOWED, color_scheme=scheme)
    broken.goto("/verify")
    start_camera(broken)
    expect(broken.get_by_role("heading", name="No camera was found")).to_be_visible()
    assert _violations(working) + _violations(broken) == []


def test_no_page_scrolls_sideways_on_the_narrowest_screen(
    site: Site, opener: Opener, people: tuple[faces.Person, ...]
) -> None:
    person = site.enrol("a-rather-long-identifier@example.org", people[0].photos[0])
    english = opener.page(site)
    sign_in(english)
    session = english.context.storage_state()
    for language in ("en", "de", "fr"):
        page = opener.page(
            site, expected=("404",), locale=language, storage_state=session, **NARROW
        )
        for path in (*PUBLIC, *OPERATORS, person):
            page.goto(path)
            expect(page.locator("html")).to_have_attribute("lang", language)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, (language, path)


def test_enrolling_needs_no_mouse(
    site: Site, opener: Opener, people: tuple[faces.Person, ...]
) -> None:
    page = opener.page(site)
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


def test_focus_is_visible_wherever_it_goes(site: Site, opener: Opener) -> None:
    page = opener.page(site)
    page.goto("/verify")
    for _ in range(8):
        page.keyboard.press("Tab")
        width = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
        name = page.evaluate("document.activeElement.outerHTML.slice(0, 80)")
        assert width >= 2, name

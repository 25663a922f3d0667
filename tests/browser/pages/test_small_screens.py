"""Lists and the menu fit phones and desktops: no column is cut off, and no entry wraps alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.support import faces
from tests.support.browser.opening import Opener, sign_in
from tests.support.browser.site import Site

LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français"}
LISTS = ("/people", "/attempts", "/attempts/movements", "/audit", "/api-keys")
# Lists wider than their container, and cells that overflow it.
CUT = """() => [...document.querySelectorAll(".table-scroll.records")].flatMap((list) => {
  const cells = [...list.querySelectorAll("tbody :is(td, th)")];
  const edge = list.getBoundingClientRect().right + 1;
  const outside = cells.filter((one) => one.getBoundingClientRect().right > edge);
  return (list.scrollWidth > list.clientWidth ? ["scrolls"] : []).concat(
    outside.map((one) => one.outerHTML.slice(0, 80)),
  );
})"""
ROWS_OF_MENU = """() => new Set(
  [...document.querySelectorAll(".site-bar li")].map((one) => Math.round(one.offsetTop / 20)),
).size"""
# A word broken without a hyphen: the heading's longest word is wider than the heading.
BROKEN = """() => [...document.querySelectorAll("main :is(h1, h2)")].filter((one) => {
  const word = document.createElement("span");
  word.style.cssText = "position:absolute;white-space:nowrap";
  word.textContent = one.innerText.split(/\\s+/).sort((a, b) => b.length - a.length)[0];
  one.append(word);
  const isBroken = word.getBoundingClientRect().width > one.clientWidth;
  word.remove();
  return isBroken && one.clientWidth > 1; // not what is read aloud only
}).map((one) => one.innerText)"""


def _phone(opener: Opener, site: Site, width: int, **options: object) -> Page:
    return opener.page(site, viewport={"width": width, "height": 700}, **options)


def _sign_in(page: Page, language: str) -> None:
    sign_in(page)
    page.get_by_role("button", name=LANGUAGES[language]).click()
    page.locator(f"html[lang={language}]").wait_for()


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_column_of_a_list_is_cut_on_a_phone(
    language: str, width: int, site: Site, opener: Opener, people: tuple[faces.Person, ...]
) -> None:
    site.enrol(f"{'x' * 30}-{language}-{width}", people[0].photos[0])
    page = _phone(opener, site, width)
    _sign_in(page, language)

    for path in LISTS:
        page.goto(path)
        assert (path, page.evaluate(CUT)) == (path, [])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_menu_is_one_line(language: str, site: Site, opener: Opener) -> None:
    for width in (320, 390):
        public = _phone(opener, site, width, locale=language)
        public.goto("/verify")
        assert public.evaluate(ROWS_OF_MENU) == 1
    page = opener.page(site, viewport={"width": 1440, "height": 900})
    _sign_in(page, language)
    page.wait_for_load_state()
    for width in (1440, 1280, 1024, 800):
        page.set_viewport_size({"width": width, "height": 900})
        assert (width, page.evaluate(ROWS_OF_MENU)) == (width, 1)


def test_the_verdict_is_not_broken_on_a_narrow_phone(
    site: Site, opener: Opener, people: tuple[faces.Person, ...]
) -> None:
    site.enrol("narrow", people[1].photos[0])
    page = _phone(opener, site, 320, locale="de")
    page.goto("/verify?identifier=narrow")
    page.locator("main summary").first.click()
    page.locator("input[type=file]").first.set_input_files(
        {"name": "one.jpg", "mimeType": "image/jpeg", "buffer": people[1].photos[1]}
    )
    page.locator("main form button[type=submit]:visible").last.click()
    page.wait_for_url("**/verify/result/*")

    assert page.evaluate(BROKEN) == []

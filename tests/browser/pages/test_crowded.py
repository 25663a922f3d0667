"""Every control has a name of its own on a site full of people with unusual names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, expect

import ml
from tests.support import faces
from tests.support.browser.crowded import crowd
from tests.support.browser.opening import ADMINISTRATOR, DESKTOP, Browsers, Opener, sign_in
from tests.support.browser.pages import addresses, pages
from tests.support.browser.site import Site, served

LANGUAGES = ("en", "de", "fr")
TELLS_NAMES = "--enable-blink-features=ComputedAccessibilityInfo"
# For each control's name, the actions of the controls with it. Everything that opens is opened.
NAMESAKES = """() => {
  for (const one of document.querySelectorAll("details")) one.open = true;
  const deeds = new Map();
  const fields = (form) => [...new FormData(form)].filter(([name]) => name !== "csrf_token");
  const deed = (one, number) => {
    if (one.href) return one.href;
    if (one.matches("input, select, textarea")) return `${one.name} ${one.value} ${number}`;
    if (one.type !== "submit") return `only ${number}`;
    const what = `${one.formAction} ${one.name} ${one.value}`;
    return `${one.form.method} ${what} ${JSON.stringify(fields(one.form))}`;
  };
  const pressed = "a[href], button, summary, input:not([type=hidden]), select, textarea";
  for (const [number, one] of document.querySelectorAll(pressed).entries()) {
    if (!one.checkVisibility()) continue;
    const place = one.matches("input, select, textarea") ? one.closest("form")?.action : "";
    const name = `${one.computedRole} “${one.computedName}” ${place ?? ""}`;
    if (!one.computedName) deeds.set(`${name} ${one.outerHTML.slice(0, 90)}`, new Set([1, 2]));
    deeds.set(name, (deeds.get(name) ?? new Set()).add(deed(one, number)));
  }
  return [...deeds].filter(([, all]) => all.size > 1).map(([name]) => name);
}"""

# Names that reorder their neighbours, because nothing isolates them.
TURNED = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const free = [];
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    if (!/[\\u0590-\\u08ff]/.test(text.data)) continue;
    const isAlone = text.parentElement.closest("bdi, [dir=auto], .visually-hidden, option");
    if (!isAlone && !text.data.includes("\\u2068")) free.push(text.data.trim());
  }
  return free;
}"""
WIDTHS = (320, 390, 1440)
WIDE = 1440
# Overflows: of the page, of clipped elements, and on a wide screen of table columns.
TOO_WIDE = """(isWide) => {
  const problems = [];
  const { scrollWidth } = document.documentElement;
  if (scrollWidth > innerWidth) problems.push(`the page is ${scrollWidth} wide`);
  for (const one of document.querySelectorAll("main *:not(svg *, option)")) {
    if (!one.checkVisibility() || one.closest(".visually-hidden, .booth-stage")) continue;
    if (one.scrollWidth <= one.clientWidth + 1 || !one.clientWidth) continue;
    const { overflowX, display, clipPath } = getComputedStyle(one);
    if (clipPath === "inset(50%)") continue;  // for screen readers alone
    if (display === "inline" || overflowX === "visible" || one.matches("input, textarea")) continue;
    if (overflowX === "auto" && !isWide) continue;
    problems.push(`cut: ${one.outerHTML.slice(0, 100)}`);
  }
  return problems;
}"""


@pytest.fixture(scope="module")
def crowded(
    real_engine: ml.Engine,
    people: tuple[faces.Person, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Site, tuple[str, ...]]]:
    """Return a crowded site, and the paths of its people's pages."""
    with served(real_engine, tmp_path_factory.mktemp("crowded")) as running:
        running.add_administrator(ADMINISTRATOR)
        yield running, crowd(running, people[0].photos)


@dataclass
class Problems:
    """Faults on the pages of the site in a language; each page is opened once."""

    namesakes: list[str] = field(default_factory=list)
    too_wide: list[str] = field(default_factory=list)
    turned: list[str] = field(default_factory=list)

    def look_for(self, page: Page) -> None:
        """Record the faults of the current page, after opening everything that opens."""
        where = f"{page.url} in {page.locator('html').get_attribute('lang')}"
        self.turned += [f"{where}: {one}" for one in page.evaluate(TURNED)]
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 844})
            found = page.evaluate(TOO_WIDE, width == WIDE)
            self.too_wide += [f"{where}: {width} pixels: {one}" for one in found]
        page.set_viewport_size(DESKTOP["viewport"])
        self.namesakes += [f"{where}: {one}" for one in page.evaluate(NAMESAKES)]


@pytest.fixture(scope="module", params=LANGUAGES)
def problems(
    request: pytest.FixtureRequest, browsers: Browsers, crowded: tuple[Site, tuple[str, ...]]
) -> Problems:
    """Return the faults of every page of the site in a language."""
    found = Problems()
    with ExitStack() as stack:
        opener = Opener(browsers, stack)
        for page in _walk(opener, crowded, request.param):
            found.look_for(page)
        assert opener.troubles() == []
    return found


def _walk(opener: Opener, crowded: tuple[Site, tuple[str, ...]], language: str) -> Iterator[Page]:
    """Yield every page of the site, one after the other."""
    site, paths = crowded
    first = opener.page(site)
    sign_in(first)
    found = pages(first.context, addresses(site, paths[0])) + list(paths[1:])
    for rows in ("/attempts", "/attempts/movements", "/api-keys"):
        first.goto(rows)
        found.append(first.locator("tbody td:last-child a, tbody td a").last.get_attribute("href"))
    session = first.context.storage_state()
    page = opener.page(site, TELLS_NAMES, expected=("404",), locale=language, storage_state=session)
    for address in found:
        page.goto(address)
        expect(page.locator("html")).to_have_attribute("lang", language)
        yield page


def test_controls_with_one_name_do_the_same_thing(problems: Problems) -> None:
    assert problems.namesakes == []


def test_long_and_foreign_names_fit_every_page(problems: Problems) -> None:
    assert problems.too_wide == []


def test_names_from_right_to_left_do_not_reorder_the_text_around_them(problems: Problems) -> None:
    assert problems.turned == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scripts", [True, False])
def test_each_photo_of_a_review_has_controls_of_its_own_name(
    language: str,
    scripts: bool,
    crowded: tuple[Site, tuple[str, ...]],
    opener: Opener,
    people: tuple[faces.Person, ...],
) -> None:
    site, _ = crowded
    session = opener.page(site)
    sign_in(session)
    page = opener.page(
        site,
        TELLS_NAMES,
        locale=language,
        storage_state=session.context.storage_state(),
        java_script_enabled=scripts,
    )
    page.goto("/people/new")
    page.locator("[name=identifier]").fill("draft")
    page.locator("[name=name]").fill("Draft")
    page.locator("[name=consent]").check()
    photo = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": people[0].photos[0]}
    page.locator("[data-pictures]").set_input_files([photo, photo, photo])
    page.locator("main form").last.locator("button[type=submit]").last.click()
    expect(page.locator("[data-check=doubtful]")).to_have_count(3)
    assert page.evaluate(NAMESAKES) == []

"""The whole main job by keyboard: in each language, on a desktop and on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from babel.support import Translations
from playwright.sync_api import Locator, Page, expect

import ml
from tests.support import faces
from tests.support.browser import acting
from tests.support.browser.opening import DESKTOP, PHONE, Opener
from tests.support.browser.site import Site
from tests.support.installation import PASSWORD
from webapp.settings import ROOT

# Milliseconds a key of a typical typist, used only in fields with key listeners.
PACE = 90
# A simulated head does not always move as a person does. People retry as well.
TRIES = 3
SIZES = {"desktop": DESKTOP, "phone": PHONE}
Said = Callable[[str], str]


@pytest.fixture(scope="module")
def hopper(real_engine: ml.Engine) -> str:
    """Return a camera in front of which Grace Hopper follows the page's prompts."""
    return acting.camera(real_engine, faces.portraits()[1])


def words(language: str) -> Said:
    """Return a page's texts in a language, by their English originals."""
    if language == "en":
        return str
    return Translations.load(ROOT / "translations", [language]).gettext


def enter(field: Locator, text: str, pace: float = 0) -> None:
    """Type into a field key by key."""
    field.click()
    field.press_sequentially(text, delay=pace)


class Walk:
    """A user who finds controls by their text."""

    def __init__(self, page: Page, shown: Said) -> None:
        self.page, self.shown = page, shown

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(self.shown(label), exact=True)

    def press(self, name: str) -> None:
        main = self.page.get_by_role("main")
        main.get_by_role("button", name=self.shown(name), exact=True).click()

    def expect_heading(self, text: str) -> None:
        expect(self.page.get_by_role("heading", name=self.shown(text), exact=True)).to_be_visible()

    def set_up(self, path: str) -> None:
        self.page.goto(path)
        enter(self.field("Name"), "anna")
        enter(self.field("Password"), PASSWORD)
        enter(self.field("Password again"), PASSWORD)
        self.press("Create the account")
        expect(self.page).to_have_url(re.compile("/sign-in"))
        enter(self.field("Name"), "anna")
        enter(self.field("Password"), PASSWORD)
        self.press("Sign in")
        sign_out = self.page.get_by_role("button", name=self.shown("Sign out"))
        expect(sign_out).to_be_attached()

    def enrol(self, identifier: str, name: str, *photos: bytes) -> None:
        self.page.goto("/people/new")
        enter(self.field("Identifier"), identifier)
        enter(self.field("Name"), name)
        self.page.get_by_role("checkbox").check()
        self.field("Pictures").set_input_files(
            [
                {"name": f"{number}.jpg", "mimeType": "image/jpeg", "buffer": photo}
                for number, photo in enumerate(photos)
            ]
        )
        expect(self.page.locator("[data-check=good]")).to_have_count(len(photos))
        self.press("Enrol this person")
        enrolled = self.shown("%(name)s is enrolled.") % {"name": name}
        expect(self.page.get_by_text(enrolled)).to_be_visible()

    def verify(self, identifier: str, outcome: str) -> None:
        self.page.goto("/verify")
        enter(self.field("Identifier"), identifier, PACE)
        self.page.keyboard.press("Enter")
        for left in reversed(range(TRIES)):
            self.page.wait_for_url("**/verify/result/*", timeout=90_000)
            unconfirmed = self.page.get_by_role("heading", name=self.shown("Not confirmed"))
            if left and unconfirmed.is_visible():
                self.press("Try again")
                self.press("Continue")
        self.expect_heading(outcome)
        expect(self.page.get_by_role("main")).to_contain_text(identifier)

    def set_threshold(self, score: str) -> None:
        self.page.goto("/threshold")
        field = self.field("New threshold")
        field.click()
        field.press("ControlOrMeta+a")
        field.press_sequentially(score, delay=PACE)
        enter(self.field("Reason"), "strict")
        self.press("Review the change")
        enter(self.page.locator("[name=confirmation]"), self.shown("dangerous"))
        self.press("Set the threshold")
        changed = self.shown("The threshold is changed. It counts from now on.")
        expect(self.page.get_by_text(changed)).to_be_visible()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_from_the_set_up_link_to_a_decision_that_follows_the_threshold(
    language: str, size: str, fresh_site: Site, opener: Opener, hopper: str
) -> None:
    page = opener.page(fresh_site, script=hopper, locale=language, **SIZES[size])
    walk = Walk(page, words(language))
    collins, grace = faces.portraits()

    walk.set_up(fresh_site.setup_path)
    walk.enrol("hopper", "Grace Hopper", *grace.photos[:2])
    walk.enrol("collins", "Eileen Collins", collins.photos[0])
    walk.verify("hopper", "Match")
    walk.verify("collins", "No match")
    walk.set_threshold("99.9")
    walk.verify("hopper", "No match")
    expect(page.locator("html")).to_have_attribute("lang", language)

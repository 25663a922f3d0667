"""Passwords: rules before they are sent, a button that shows them, errors next to their field."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser.opening import Opener, sign_in
from tests.support.browser.site import Site
from tests.support.installation import PASSWORD
from webapp.services.accounts.passwords import SHORTEST_PASSWORD

COMMON = "password1234"


def _looks_at(page: Page) -> None:
    """Show and hide every password field of the page."""
    hidden = page.locator("input[type=password]")
    number = hidden.count()
    assert number
    for button in page.get_by_role("button", name="Show password").all():
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
    expect(hidden).to_have_count(0)
    for button in page.get_by_role("button", name="Show password").all():
        button.click()
    expect(hidden).to_have_count(number)


def test_every_password_can_be_shown(fresh_site: Site, opener: Opener) -> None:
    page = opener.page(fresh_site)
    for path in (fresh_site.setup_path, "/sign-in"):
        page.goto(path)
        _looks_at(page)
    fresh_site.add_administrator("anna")
    sign_in(page)
    for path in ("/account", "/account/second-factor", "/api-keys"):
        page.goto(path)
        _looks_at(page)


def test_a_shown_password_is_sent_as_a_password(site: Site, opener: Opener) -> None:
    page = opener.page(site)
    page.goto("/sign-in")
    page.get_by_label("Name", exact=True).fill("anna")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Show password").click()
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_the_rules_are_shown_first_and_errors_are_next_to_their_field(
    scripts: bool, site: Site, opener: Opener
) -> None:
    page = opener.page(site, java_script_enabled=scripts)
    sign_in(page)
    page.goto("/account")
    new = page.get_by_label("New password", exact=True)
    rules = f"At least {SHORTEST_PASSWORD} characters"
    expect(new).to_have_accessible_description(_holds(rules))
    for field, value in (("Present password", PASSWORD), ("New password again", COMMON)):
        page.get_by_label(field, exact=True).first.fill(value)
    new.fill(COMMON)
    page.get_by_role("button", name="Change the password").click()
    expect(new).to_have_accessible_description(_holds("among the first that are tried"))
    page.get_by_label("Present password", exact=True).first.fill("a wrong password")
    for field in ("New password", "New password again"):
        page.get_by_label(field, exact=True).fill("seven brown owls sing")
    page.get_by_role("button", name="Change the password").click()
    present = page.get_by_label("Present password", exact=True).first
    expect(present).to_have_accessible_description(_holds("The present password is wrong."))


def _holds(words: str) -> re.Pattern[str]:
    return re.compile(re.escape(words))

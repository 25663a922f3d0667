"""A session that ends during a task is restored by signing in again; no input is lost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from playwright.sync_api import Page, TimeoutError, expect

from tests.support import faces
from tests.support.browser import scenes
from tests.support.browser.opening import (
    ADMINISTRATOR,
    Opener,
    fill_in,
    instruction,
    sign_in,
    start_camera,
    tray,
)
from tests.support.browser.site import Site
from tests.support.installation import PASSWORD
from webapp.core.actor import SERVER
from webapp.db.models import Role
from webapp.services.accounts import accounts

OTHER = "somebody-else"
SIGNED_OUT = "You were signed out. Sign in to continue."
SIGNED_IN = "You are signed in again."


def _sign_out_in_another_tab(page: Page) -> None:
    other = page.context.new_page()
    other.goto("/")
    other.get_by_role("button", name="Sign out").click()
    other.get_by_role("link", name="Sign in", exact=True).first.wait_for()
    other.close()


def _clear_cookies(page: Page) -> None:
    page.context.clear_cookies()


def _await_checks(page: Page) -> None:
    """Wait, because a pending response would restore the session's cookie."""
    unchecked = "[data-tray] [data-check=waiting], [data-tray] [data-check=checking]"
    expect(page.locator(unchecked)).to_have_count(0)


def _sign_in_here(page: Page, name: str = ADMINISTRATOR) -> None:
    expect(page.get_by_text(SIGNED_OUT)).to_be_visible()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("end", [_sign_out_in_another_tab, _clear_cookies])
def test_an_enrolment_survives_the_end_of_a_session_with_its_photos(
    end: Callable[[Page], None],
    site: Site,
    opener: Opener,
    people: tuple[faces.Person, ...],
    portraits: scenes.People,
) -> None:
    name = end.__name__.replace("_", "-").strip("-")
    page = opener.camera_page(site, scenes.facing(portraits[1][0]))
    sign_in(page)
    fill_in(page, name, "Kept Name")
    start_camera(page)
    expect(instruction(page)).to_contain_text("Done")
    page.get_by_label("Pictures", exact=True).set_input_files(
        {"name": "chosen.jpg", "mimeType": "image/jpeg", "buffer": people[1].photos[1]}
    )
    expect(tray(page)).to_have_count(4)
    _await_checks(page)
    end(page)
    page.get_by_role("button", name="Enrol").click()
    _sign_in_here(page, "nobody-of-that-name")
    expect(page.get_by_text("The name or the password is wrong.")).to_be_visible()
    page.get_by_label("Name", exact=True).fill(ADMINISTRATOR)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#signed-in-again")).to_be_focused()
    expect(page.get_by_label("Identifier", exact=True)).to_have_value(name)
    expect(page.get_by_label("Name", exact=True)).to_have_value("Kept Name")
    expect(page.get_by_role("checkbox", name="The person agrees")).to_be_checked()
    expect(tray(page)).to_have_count(4)
    page.get_by_role("button", name="Enrol").click()
    anyway = page.get_by_role("button", name="Enrol anyway")
    enrolled = page.get_by_text("Kept Name is enrolled.")
    expect(anyway.or_(enrolled)).to_be_visible()
    if anyway.is_visible():
        anyway.click()
    expect(enrolled).to_be_visible()
    expect(page.get_by_role("heading", name="4 photos")).to_be_visible()


def test_another_account_gets_a_page_of_its_own(
    site: Site, opener: Opener, people: tuple[faces.Person, ...]
) -> None:
    with site.app.app_context():
        accounts.create_account(OTHER, PASSWORD, Role.OPERATOR, SERVER)
    page = opener.page(site)
    sign_in(page)
    fill_in(page, "private-1", "Private Name")
    page.get_by_label("Pictures", exact=True).set_input_files(
        {"name": "private.jpg", "mimeType": "image/jpeg", "buffer": people[0].photos[0]}
    )
    _await_checks(page)
    _clear_cookies(page)
    page.get_by_role("button", name="Enrol").click()
    _sign_in_here(page, OTHER)
    expect(page.get_by_role("button", name=f"Sign out {OTHER}")).to_be_visible()
    expect(page.get_by_text("Private")).to_have_count(0)
    assert "private" not in page.content().lower()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_change_of_the_threshold_survives_the_end_of_a_session(
    scripts: bool, site: Site, opener: Opener
) -> None:
    page = opener.page(site, java_script_enabled=scripts)
    sign_in(page)
    page.goto("/threshold")
    page.get_by_label("New threshold").fill("57.5")
    page.get_by_label("Reason").fill("visitors look alike")
    _clear_cookies(page)
    page.get_by_role("button", name="Review the change").click()
    _sign_in_here(page)
    expect(page.get_by_label("New threshold")).to_have_value("57.5")
    expect(page.get_by_label("Reason")).to_have_value("visitors look alike")
    page.get_by_role("button", name="Review the change").click()
    expect(page.get_by_role("heading", name="Review the change")).to_be_visible()


def test_an_old_form_is_sent_after_the_account_signed_in_elsewhere(
    site: Site, opener: Opener
) -> None:
    page = opener.page(site)
    sign_in(page)
    page.goto("/threshold")
    page.get_by_label("Reason").fill("nothing was lost")
    _sign_out_in_another_tab(page)
    other = page.context.new_page()
    sign_in(other)
    page.get_by_role("button", name="Review the change").click()
    expect(page.get_by_role("heading", name="Review the change")).to_be_visible()
    expect(page.get_by_label("Reason")).to_have_value("nothing was lost")


def test_the_camera_stops_and_its_photos_are_kept(
    site: Site, opener: Opener, portraits: scenes.People, people: tuple[faces.Person, ...]
) -> None:
    page = opener.camera_page(site, scenes.facing(portraits[0][0], share=0.2), expected=("400",))
    sign_in(page)
    fill_in(page, "by-camera", "By Camera")
    page.get_by_label("Pictures", exact=True).set_input_files(
        {"name": "good.jpg", "mimeType": "image/jpeg", "buffer": people[0].photos[0]}
    )
    start_camera(page)
    page.get_by_role("button", name="Take the picture now").click()
    expect(tray(page)).to_have_count(2)
    _sign_out_in_another_tab(page)
    with suppress(TimeoutError):  # the camera's next frame may notice it before the form does
        page.get_by_role("button", name="Enrol").click(timeout=2_000)
    _sign_in_here(page)
    expect(page.get_by_text(SIGNED_IN)).to_be_visible()
    expect(tray(page)).to_have_count(2)
    expect(page.get_by_role("button", name="Start the camera")).to_be_visible()

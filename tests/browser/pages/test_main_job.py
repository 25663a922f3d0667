"""The main job from the first start to a changed decision, with a camera that shows real faces."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.support import faces
from tests.support.browser import scenes
from tests.support.browser.opening import (
    PHONE,
    Opener,
    claim,
    fill_in,
    instruction,
    sign_in,
    start_camera,
    tray,
)
from tests.support.browser.site import Site
from tests.support.installation import PASSWORD


def _set_up(page: Page, site: Site) -> None:
    page.goto(site.setup_path)
    page.get_by_label("Name", exact=True).fill("anna")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_text("The account is there")).to_be_visible()
    sign_in(page)


def _enrol_by_camera(page: Page, identifier: str) -> None:
    fill_in(page, identifier, "Grace")
    start_camera(page)
    cards = tray(page)
    expect(instruction(page)).to_contain_text("Done")
    expect(cards).to_have_count(3)
    expect(cards.get_by_text("Good", exact=True)).to_have_count(3)
    page.get_by_role("button", name="Enrol this person").click()
    expect(page.get_by_text("Grace is enrolled.")).to_be_visible()


def _verify_by_camera(page: Page, identifier: str, outcome: str) -> None:
    claim(page, identifier)
    expect(page.get_by_role("heading", name=outcome, exact=True)).to_be_visible()


def _ask_for_movements_no_more(page: Page) -> None:
    page.goto("/liveness")
    expect(page.get_by_role("heading", name="In force now: Before verifications")).to_be_visible()
    page.get_by_label("Off", exact=True).check()
    page.get_by_label("Reason").fill("the faces of the test do not move")
    page.get_by_role("button", name="Change the setting").click()
    expect(page.get_by_role("heading", name="Review the change")).to_be_visible()
    page.get_by_label("Confirmation").fill("dangerous")
    page.get_by_role("button", name="Change the setting").click()
    expect(page.get_by_role("heading", name="In force now: Off")).to_be_visible()


def _set_threshold(page: Page, score: str, *, dangerous: bool = False) -> None:
    page.goto("/threshold")
    page.get_by_label("New threshold").fill(score)
    page.get_by_label("Reason").fill("for the test")
    page.get_by_role("button", name="Review the change").click()
    if dangerous:
        page.get_by_label("Confirmation").fill("dangerous")
    page.get_by_role("button", name="Set the threshold").click()
    expect(page.get_by_text("The threshold is changed")).to_be_visible()


def test_from_first_start_to_a_decision_that_follows_the_threshold(
    fresh_site: Site,
    opener: Opener,
    portraits: scenes.People,
) -> None:
    (enrolled, again), (stranger, _) = portraits
    operator = opener.camera_page(fresh_site, scenes.facing(enrolled))
    _set_up(operator, fresh_site)
    _enrol_by_camera(operator, "grace")
    _ask_for_movements_no_more(operator)

    same = opener.camera_page(fresh_site, scenes.facing(again))
    _verify_by_camera(same, "grace", "Match")
    other = opener.camera_page(fresh_site, scenes.facing(stranger), **PHONE)
    _verify_by_camera(other, "grace", "No match")

    _set_threshold(operator, "99.9", dangerous=True)
    _verify_by_camera(same, "grace", "No match")
    _set_threshold(operator, "50")
    _verify_by_camera(same, "grace", "Match")


def test_operators_see_every_anchor_and_others_only_the_decision(
    site: Site,
    opener: Opener,
    portraits: scenes.People,
    people: tuple[faces.Person, ...],
) -> None:
    site.enrol("collins", *people[0].photos[:2])
    page = opener.camera_page(site, scenes.facing(portraits[0][0]))
    _verify_by_camera(page, "collins", "Match")
    expect(page.get_by_role("heading", name="Every picture compared")).to_have_count(0)

    sign_in(page)
    _verify_by_camera(page, "collins", "Match")
    expect(page.get_by_text("2 pictures were compared")).to_be_visible()
    thumbnails = page.locator(".anchor-score img")
    expect(thumbnails).to_have_count(2)
    for thumbnail in thumbnails.all():
        expect(thumbnail).to_have_js_property("complete", True)
        assert thumbnail.evaluate("image => image.naturalWidth") > 0


def test_an_unknown_identifier_looks_like_a_failed_match(
    site: Site,
    opener: Opener,
    portraits: scenes.People,
    people: tuple[faces.Person, ...],
) -> None:
    site.enrol("known-one", people[0].photos[0])
    page = opener.camera_page(site, scenes.facing(portraits[1][0]))
    pages = []
    for identifier in ("known-one", "nobody-has-this"):
        _verify_by_camera(page, identifier, "No match")
        words = " ".join(page.get_by_role("main").inner_text().split()).replace(identifier, "…")
        pages.append(re.sub(r"\d+([.,]\d+)?", "0", words))
    assert pages[0] == pages[1]


def test_identification_names_the_person(
    site: Site,
    opener: Opener,
    portraits: scenes.People,
    people: tuple[faces.Person, ...],
) -> None:
    site.enrol("searched", people[1].photos[0])
    page = opener.camera_page(site, scenes.facing(portraits[1][0]))
    sign_in(page)
    page.goto("/identify")
    start_camera(page)
    expect(page.get_by_role("heading", name="Searched")).to_be_visible()

"""A result is a page of its own: reloading or going back sends nothing again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

import ml
from tests.support import faces
from tests.support.browser import scenes
from tests.support.browser.opening import (
    ADMINISTRATOR,
    Opener,
    claim,
    instruction,
    proceed,
    sign_in,
)
from tests.support.browser.site import Site, served
from webapp.core.actor import SERVER
from webapp.db.models import ChallengeScope
from webapp.db.transactions import unit_of_work
from webapp.services.liveness import setting
from webapp.services.liveness.setting import Liveness
from webapp.services.matching import claimed_identity
from webapp.services.matching.lockout import WITH_CHALLENGES

PAUSE_MS = 1500


@pytest.fixture(scope="module")
def plain(real_engine: ml.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a site that requires photos only."""
    with served(real_engine, tmp_path_factory.mktemp("plain")) as running:
        running.add_administrator(ADMINISTRATOR)
        yield enrolled(running)


@pytest.fixture(scope="module")
def guarded(real_engine: ml.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a site that requires a challenge."""
    with served(real_engine, tmp_path_factory.mktemp("guarded"), seed=1) as running:
        with running.app.app_context():
            setting.change(Liveness(ChallengeScope.VERIFICATION, "gentle"), "for the test", SERVER)
        yield enrolled(running)


def enrolled(site: Site) -> Site:
    collins, hopper = faces.portraits()
    site.enrol("hopper", *hopper.photos[:2])
    site.enrol("collins", *collins.photos[:2])
    return site


@pytest.fixture(scope="module")
def hopper(real_engine: ml.Engine) -> scenes.Portrait:
    return scenes.Portrait.of(real_engine, faces.portraits()[1].photos[0])


def watched(page: Page) -> list[str]:
    """Return the paths of a page's requests; the list grows with each request."""
    sent: list[str] = []
    page.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    return sent


def fail_often(site: Site, identifier: str) -> None:
    with site.app.app_context(), unit_of_work() as session:
        digest = claimed_identity.claim_digest(identifier)
        for _ in range(WITH_CHALLENGES.free):
            claimed_identity.count_failure(session, digest, None, setting.in_force(), SERVER)


def test_loading_going_back_and_forth_and_a_second_tab_send_nothing(
    plain: Site, opener: Opener, hopper: scenes.Portrait
) -> None:
    page = opener.camera_page(plain, scenes.facing(hopper))
    claim(page, "hopper")
    match = page.get_by_role("heading", name="Match", exact=True)
    expect(match).to_be_visible()
    address = page.url
    assert "hopper" not in address
    sent = watched(page)

    page.reload()
    expect(match).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    page.wait_for_timeout(PAUSE_MS)
    expect(page.locator("[data-booth]")).to_have_attribute("data-state", "idle")
    page.go_forward()
    expect(match).to_be_visible()
    second = page.context.new_page()
    second.goto(address)
    expect(second.get_by_text("“hopper”")).to_be_visible()
    assert sent == []

    page.get_by_role("link", name="Verify somebody else").click()
    expect(page.get_by_label("Identifier", exact=True)).to_have_value("")
    assert sent == []


def test_trying_again_keeps_the_identifier_and_waits(
    plain: Site, opener: Opener, hopper: scenes.Portrait
) -> None:
    page = opener.camera_page(plain, scenes.facing(hopper))
    claim(page, "collins")
    expect(page.get_by_role("heading", name="No match", exact=True)).to_be_visible()
    sent = watched(page)
    page.get_by_role("link", name="Try again").click()

    expect(page.get_by_label("Identifier", exact=True)).to_have_value("collins")
    assert "collins" not in page.url
    page.wait_for_timeout(PAUSE_MS)
    assert sent == []
    proceed(page)
    expect(page.get_by_role("heading", name="No match", exact=True)).to_be_visible()


def test_a_result_of_a_search_is_a_page_of_its_own(
    plain: Site, opener: Opener, hopper: scenes.Portrait
) -> None:
    page = opener.camera_page(plain, scenes.facing(hopper))
    sign_in(page)
    page.goto("/identify")
    page.get_by_role("button", name="Start the camera").click()
    found = page.get_by_role("heading", name="Hopper", exact=True)
    expect(found).to_be_visible()
    sent = watched(page)
    page.reload()
    expect(found).to_be_visible()
    page.get_by_role("link", name="Search again").click()
    page.wait_for_timeout(PAUSE_MS)
    assert sent == []


def test_a_result_is_shown_to_nobody_else(
    plain: Site, opener: Opener, hopper: scenes.Portrait
) -> None:
    page = opener.camera_page(plain, scenes.facing(hopper))
    claim(page, "hopper")
    expect(page.get_by_role("heading", name="Match", exact=True)).to_be_visible()

    other = opener.page(plain, expected=("410",))
    other.goto(page.url)
    expect(other.get_by_role("heading", name="no longer shown")).to_be_visible()
    other.get_by_role("link", name="Start again").click()
    expect(other.get_by_role("button", name="Continue")).to_be_visible()


def test_a_lockout_shows_a_still_page_until_its_end(
    plain: Site, opener: Opener, hopper: scenes.Portrait
) -> None:
    fail_often(plain, "locked-out")
    page = opener.camera_page(plain, scenes.facing(hopper))
    page.clock.install()
    claim(page, "locked-out")
    expect(page.get_by_role("heading", name="Please wait")).to_be_visible()
    sent, address = watched(page), page.url
    button = page.get_by_role("main").get_by_role("button")
    expect(button).to_have_count(1)
    expect(button).to_be_disabled()
    expect(button).to_contain_text("Try again in")
    page.wait_for_timeout(PAUSE_MS)
    page.clock.fast_forward("20:00:00")
    expect(button).to_be_enabled()
    assert (sent, page.url) == ([], address)

    button.click()
    expect(page.get_by_label("Identifier", exact=True)).to_have_value("locked-out")
    page.wait_for_timeout(PAUSE_MS)
    assert sent == []


def test_a_lockout_before_a_challenge_ends_by_one_button(
    guarded: Site, opener: Opener, hopper: scenes.Portrait
) -> None:
    fail_often(guarded, "locked-out")
    page = opener.camera_page(guarded, scenes.facing(hopper), expected=("429",))
    page.clock.install()
    claim(page, "locked-out")
    expect(page.get_by_role("heading", name="Please wait")).to_be_visible()
    sent = watched(page)
    button = page.locator("[data-role=start]")
    expect(button).to_be_disabled()
    expect(page.get_by_role("link", name="Another way")).to_be_visible()
    page.wait_for_timeout(PAUSE_MS)
    page.clock.fast_forward("20:00:00")
    expect(button).to_be_enabled()
    expect(button).to_have_text("Try again")
    assert sent == []


def test_the_later_of_two_windows_for_one_identifier_continues(
    guarded: Site, opener: Opener, hopper: scenes.Portrait
) -> None:
    first = opener.camera_page(guarded, scenes.facing(hopper), expected=("404",))
    second = first.context.new_page()
    claim(first, "hopper")
    expect(first.locator("[data-booth][data-cue]")).to_be_visible()
    begun = watched(first)
    claim(second, "hopper")
    expect(second.locator("[data-booth][data-cue]")).to_be_visible()

    expect(first.get_by_text("begun again in another window")).to_be_visible()
    first.wait_for_timeout(PAUSE_MS)
    assert not [url for url in begun if url.endswith("/challenges")]
    expect(second.locator("[data-booth][data-cue]")).to_be_visible()
    expect(first.get_by_role("button", name="Try again")).to_be_enabled()


def test_a_short_loss_of_connection_ends_nothing(
    guarded: Site, opener: Opener, hopper: scenes.Portrait
) -> None:
    page = opener.camera_page(
        guarded, scenes.facing(hopper), expected=("ERR_INTERNET_DISCONNECTED",)
    )
    claim(page, "hopper")
    expect(page.locator("[data-booth][data-cue]")).to_be_visible()
    sent = watched(page)
    page.context.set_offline(True)
    expect(instruction(page)).to_contain_text("No answer from the server")
    page.context.set_offline(False)
    expect(instruction(page)).not_to_contain_text("No answer from the server")
    assert not [url for url in sent if url.endswith("/challenges")]

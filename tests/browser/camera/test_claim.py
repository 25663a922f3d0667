"""Nothing starts before the user confirms the identifier."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

import ml
from tests.support import faces
from tests.support.browser import scenes
from tests.support.browser.opening import (
    ADMINISTRATOR,
    PHONE,
    Opener,
    instruction,
    proceed,
    sign_in,
    start_camera,
)
from tests.support.browser.site import Site, served
from webapp.core.actor import SERVER
from webapp.db.models import ChallengeScope
from webapp.services.liveness import setting
from webapp.services.liveness.setting import Liveness

# Milliseconds a key: a practised typist, an ordinary one, a slow one, a beginner.
PACES = (40, 120, 250, 400)
PAUSE_MS = 1500
CHALLENGES = re.compile("/challenges(/enrolment)?$")
NOTING_CAMERAS = """
if (navigator.mediaDevices) {
  window.cameras = 0;
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = (wish) => {
    window.cameras += 1;
    return real(wish);
  };
}
"""
FILLED_IN = """(field) => {
  field.value = "hopper";
  for (const type of ["input", "change"]) field.dispatchEvent(new Event(type, { bubbles: true }));
}"""
BOTH = pytest.mark.parametrize("guarded", [False, True], ids=["pictures", "movements"])


@pytest.fixture(scope="module")
def sites(
    real_engine: ml.Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[bool, Site]]:
    """Return a site that requires photos only, and one that requires a challenge."""
    collins, hopper = faces.portraits()
    with (
        served(real_engine, tmp_path_factory.mktemp("pictures")) as pictures,
        served(real_engine, tmp_path_factory.mktemp("movements"), seed=1) as movements,
    ):
        for site in (pictures, movements):
            site.add_administrator(ADMINISTRATOR)
            site.enrol("hopper", *hopper.photos[:2])
            site.enrol("1", *collins.photos[:2])
            site.enrol("12", *hopper.photos[:2])
        with movements.app.app_context():
            setting.change(Liveness(ChallengeScope.ENROLMENT, "gentle"), "for the test", SERVER)
        yield {False: pictures, True: movements}


@pytest.fixture(scope="module")
def hopper(real_engine: ml.Engine) -> scenes.Portrait:
    return scenes.Portrait.of(real_engine, faces.portraits()[1].photos[0])


def opened(opener: Opener, site: Site, portrait: scenes.Portrait, **options: object) -> Page:
    """Return a page whose allowed camera sees a face; it records requests."""
    page = opener.camera_page(site, scenes.facing(portrait), script=NOTING_CAMERAS, **options)
    page.sent = []
    page.on("request", lambda request: request.method == "POST" and page.sent.append(request))
    return page


def field(page: Page) -> Locator:
    return page.get_by_label("Identifier", exact=True)


def nothing_started(page: Page) -> bool:
    idle = page.locator("[data-booth]").get_attribute("data-state") == "idle"
    return idle and page.sent == [] and page.evaluate("window.cameras") == 0


def expect_verifying_as(page: Page, identifier: str) -> None:
    expect(page.locator("[data-claim-shown]")).to_have_text(identifier)
    expect(page.get_by_role("button", name="Change Identifier")).to_be_visible()
    expect(field(page)).to_be_hidden()


def expect_judged(page: Page, identifier: str, guarded: bool) -> None:
    """Wait until the camera's work is sent; it names whom the person confirmed."""
    if guarded:
        expect(page.locator("[data-booth][data-cue]")).to_be_visible()
        (begun,) = [request for request in page.sent if CHALLENGES.search(request.url)]
        assert f'name="identifier"\r\n\r\n{identifier}\r\n' in begun.post_data
    else:
        expect(page.get_by_role("heading", name="Match", exact=True)).to_be_visible()
        expect(page.get_by_text(f"“{identifier}”")).to_be_visible()


@BOTH
@pytest.mark.parametrize("pace", PACES)
def test_typing_pausing_and_correcting_start_nothing(
    pace: int, guarded: bool, sites: dict[bool, Site], opener: Opener, hopper: scenes.Portrait
) -> None:
    page = opened(opener, sites[guarded], hopper)
    page.goto("/verify")
    field(page).press_sequentially("hoppre", delay=pace)
    page.wait_for_timeout(PAUSE_MS)
    assert nothing_started(page)
    for key in ("Backspace", "Backspace", "e", "r"):
        field(page).press(key, delay=pace)
    page.wait_for_timeout(PAUSE_MS)
    assert nothing_started(page)

    field(page).press("Enter")
    expect_verifying_as(page, "hopper")
    expect_judged(page, "hopper", guarded)


@BOTH
def test_pasting_filling_in_and_leaving_the_field_start_nothing(
    guarded: bool, sites: dict[bool, Site], opener: Opener, hopper: scenes.Portrait
) -> None:
    page = opened(opener, sites[guarded], hopper)
    for fill_in in (
        lambda: page.keyboard.insert_text("hopper"),
        lambda: field(page).evaluate(FILLED_IN),
    ):
        page.goto("/verify")
        field(page).focus()
        fill_in()
        field(page).press("Tab")
        page.get_by_role("heading", name="Verify who you are").click()
        page.wait_for_timeout(PAUSE_MS)
        assert nothing_started(page)
        expect(field(page)).to_have_value("hopper")
    page.goto("/verify?identifier=hopper")
    page.wait_for_timeout(PAUSE_MS)
    expect(field(page)).to_have_value("hopper")
    assert nothing_started(page)

    proceed(page)
    expect_verifying_as(page, "hopper")
    expect_judged(page, "hopper", guarded)


@BOTH
def test_the_confirmed_one_of_two_similar_identifiers_is_judged(
    guarded: bool, sites: dict[bool, Site], opener: Opener, hopper: scenes.Portrait
) -> None:
    page = opened(opener, sites[guarded], hopper)
    page.goto("/verify")
    field(page).press("1")
    page.wait_for_timeout(PAUSE_MS)
    field(page).press("2")
    field(page).press("Enter")
    expect_verifying_as(page, "12")
    page.locator("[data-claim]").evaluate(
        "field => { field.value = '1'; }"
    )  # a password manager does this
    expect_judged(page, "12", guarded)


def test_without_an_identifier_the_page_asks_for_it(
    sites: dict[bool, Site], opener: Opener, hopper: scenes.Portrait
) -> None:
    page = opened(opener, sites[True], hopper)
    page.goto("/verify")
    for nothing in ("", "   "):
        field(page).fill(nothing)
        proceed(page)
        expect(page.get_by_role("alert").filter(has_text="fill this in")).to_be_visible()
        expect(field(page)).to_be_focused()
    assert nothing_started(page)


def test_changing_the_identifier_turns_the_camera_off(
    sites: dict[bool, Site], opener: Opener
) -> None:
    page = opener.camera_page(sites[True], scenes.empty())
    page.goto("/verify?identifier=1")
    proceed(page)
    expect(instruction(page)).to_have_text("Look into the camera")
    page.get_by_role("button", name="Change Identifier").click()

    expect(page.locator("[data-booth]")).to_have_attribute("data-state", "idle")
    expect(field(page)).to_be_focused()
    page.keyboard.type("12")  # the previous identifier is selected
    page.keyboard.press("Enter")
    expect_verifying_as(page, "12")
    expect(instruction(page)).to_have_text("Look into the camera")


@BOTH
def test_on_a_phone_the_go_key_hides_the_keyboard_and_shows_the_oval(
    guarded: bool, sites: dict[bool, Site], opener: Opener
) -> None:
    page = opener.camera_page(sites[guarded], scenes.empty(), **PHONE)
    page.goto("/verify")
    field(page).tap()
    page.keyboard.type("hopper", delay=PACES[0])
    expect(page.locator(".booth-stage")).to_be_hidden()
    page.keyboard.press("Enter")

    expect(instruction(page)).to_have_text("Look into the camera")
    expect(page.locator(".booth-oval")).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="Change Identifier")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.activeElement.tagName") != "INPUT"


def test_a_page_from_the_browsers_history_starts_nothing(
    sites: dict[bool, Site], opener: Opener
) -> None:
    page = opener.camera_page(sites[True], scenes.empty(), script=NOTING_CAMERAS)
    page.goto("/verify?identifier=hopper")
    proceed(page)
    expect(instruction(page)).to_have_text("Look into the camera")
    page.evaluate(
        """for (const type of ["pagehide", "pageshow"]) {
          dispatchEvent(new PageTransitionEvent(type, { persisted: true }));
        }"""
    )
    expect(page.locator("[data-booth]")).to_have_attribute("data-state", "idle")
    expect(field(page)).to_have_value("hopper")

    page.goto("/privacy")
    page.go_back()
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    assert page.evaluate("window.cameras") == 0


def test_a_search_waits_for_its_button(
    sites: dict[bool, Site], opener: Opener, hopper: scenes.Portrait
) -> None:
    page = opened(opener, sites[False], hopper)
    sign_in(page)
    page.sent.clear()
    page.goto("/identify")
    page.wait_for_timeout(PAUSE_MS)
    assert nothing_started(page)
    start_camera(page)
    page.wait_for_url("**/identify/result/*")


def test_operators_skip_the_challenge_with_a_reason_and_are_addressed(
    sites: dict[bool, Site], opener: Opener, hopper: scenes.Portrait
) -> None:
    page = opened(opener, sites[True], hopper)
    sign_in(page)
    page.sent.clear()
    page.goto("/verify/without-movements")
    main = page.get_by_role("main")
    for to_the_person in ("you were enrolled", "your face", "Verify who you are"):
        assert to_the_person not in main.inner_text()
    field(page).fill("hopper")
    proceed(page)
    reason = page.get_by_label("Why without the movements")
    expect(reason).to_be_focused()
    assert nothing_started(page)

    reason.select_option("cannot_move")
    proceed(page)
    expect(page.get_by_role("heading", name="Match", exact=True)).to_be_visible()


def test_movements_before_an_enrolment_wait_for_the_whole_identifier(
    sites: dict[bool, Site], opener: Opener, hopper: scenes.Portrait
) -> None:
    page = opened(opener, sites[True], hopper)
    sign_in(page)
    page.sent.clear()
    page.goto("/people/new")
    start_camera(page)
    expect(page.get_by_text("Enter the identifier first")).to_be_visible()
    expect(field(page)).to_be_focused()
    assert nothing_started(page)

    field(page).press_sequentially("newcomer", delay=PACES[0])
    start_camera(page)
    expect_judged(page, "newcomer", guarded=True)
    field(page).press("2")
    expect(page.locator("[data-booth]")).to_have_attribute("data-state", "idle")

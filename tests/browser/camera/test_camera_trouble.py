"""Each camera failure has its own explanation, and uploads still work."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import scenes
from tests.support.browser.opening import Opener, claim, instruction, proceed, start_camera
from tests.support.browser.site import Site

FAKE = ("--use-fake-device-for-media-stream",)
REFUSING = """
if (navigator.mediaDevices) {
  navigator.mediaDevices.getUserMedia = async () => {
    throw new DOMException("refused by the test", "%s");
  };
}
"""
PERMISSION = """
navigator.permissions.query = async () => ({ state: "%s" });
"""
STUBBED = {
    "in use": (REFUSING % "NotReadableError", "The camera is in use"),
    "not fitting": (REFUSING % "OverconstrainedError", "This camera does not fit"),
    "dismissed": (
        REFUSING % "NotAllowedError" + PERMISSION % "prompt",
        "The camera was not allowed yet",
    ),
    "without access": (
        "Object.defineProperty(navigator, 'mediaDevices', { value: undefined });",
        "This browser has no access to the camera",
    ),
}
REMEMBERING = """
const real = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
if (real) {
  navigator.mediaDevices.getUserMedia = async (wish) => {
    window.stream = await real(wish);
    return window.stream;
  };
}
"""
COUNTING_STOPS = """
const stop = MediaStreamTrack.prototype.stop;
MediaStreamTrack.prototype.stop = function () {
  sessionStorage.stopped = Number(sessionStorage.stopped ?? 0) + 1;
  stop.call(this);
};
"""


def _started(page: Page) -> Page:
    claim(page)
    return page


def _expect_explanation(page: Page, title: str) -> None:
    expect(page.get_by_role("alert").get_by_role("heading", name=title)).to_be_visible()
    expect(page.get_by_role("button", name="Try the camera again")).to_be_visible()
    expect(page.get_by_text("Choose a picture instead of the camera")).to_be_visible()


def test_a_denied_camera_is_explained(site: Site, opener: Opener) -> None:
    page = opener.page(site, *FAKE, "--deny-permission-prompts")
    _expect_explanation(_started(page), "The camera is blocked")


def test_an_absent_camera_is_explained(site: Site, opener: Opener) -> None:
    page = opener.page(site, "--use-fake-ui-for-media-stream")
    _expect_explanation(_started(page), "No camera was found")


@pytest.mark.parametrize("trouble", STUBBED)
def test_a_refused_camera_is_explained(trouble: str, site: Site, opener: Opener) -> None:
    script, title = STUBBED[trouble]
    _expect_explanation(_started(opener.page(site, *FAKE, script=script)), title)


def test_an_insecure_address_is_explained(site: Site, opener: Opener) -> None:
    page = opener.page(
        site,
        "--host-resolver-rules=MAP faces.example 127.0.0.1",
        expected=("Cross-Origin-Opener-Policy",),
        host="faces.example",
    )
    _expect_explanation(_started(page), "The camera needs a secure address")


def test_a_camera_that_is_unplugged_can_be_started_again(site: Site, opener: Opener) -> None:
    page = opener.camera_page(site, scenes.empty(), script=REMEMBERING)
    _started(page)
    expect(instruction(page)).to_have_text("Look into the camera")
    page.evaluate("stream.getTracks().forEach((track) => track.dispatchEvent(new Event('ended')))")
    _expect_explanation(page, "The camera went away")
    page.get_by_role("button", name="Try the camera again").click()
    expect(instruction(page)).to_have_text("Look into the camera")


def test_the_camera_stops_when_it_is_turned_off_or_the_tab_is_hidden(
    site: Site, opener: Opener
) -> None:
    page = opener.camera_page(site, scenes.empty(), script=REMEMBERING)
    live = "stream.getTracks().some((track) => track.readyState === 'live')"
    _started(page)
    expect(instruction(page)).to_have_text("Look into the camera")
    assert page.evaluate(live)
    page.get_by_role("button", name="Turn the camera off").click()
    expect(page.get_by_role("button", name="Start the camera")).to_be_visible()
    assert not page.evaluate(live)

    start_camera(page)
    expect(instruction(page)).to_have_text("Look into the camera")
    page.evaluate(
        "Object.defineProperty(document, 'hidden', { value: true, configurable: true });"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    expect(page.get_by_role("heading", name="The camera is off")).to_be_visible()
    assert not page.evaluate(live)
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    again = page.get_by_role("button", name="Try the camera again")
    assert not page.evaluate(live)
    again.click()
    expect(instruction(page)).to_have_text("Look into the camera")


def test_the_camera_stops_when_the_page_is_left(site: Site, opener: Opener) -> None:
    page = opener.camera_page(site, scenes.empty(), script=COUNTING_STOPS)
    _started(page)
    expect(instruction(page)).to_have_text("Look into the camera")
    page.get_by_role("link", name="Siamese Faces").click()
    expect(page.get_by_role("heading", name="Is it the same face?")).to_be_visible()
    assert page.evaluate("sessionStorage.stopped") == "1"


def test_the_chosen_camera_is_remembered(site: Site, opener: Opener) -> None:
    page = opener.page(
        site,
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream=device-count=2",
    )
    _started(page)
    choice = page.get_by_role("combobox", name="Camera")
    expect(choice.locator("option")).to_have_count(2)
    second = choice.locator("option").nth(1).get_attribute("value")
    choice.select_option(second)
    expect(choice).to_have_value(second)
    page.reload()
    proceed(page)
    expect(choice).to_have_value(second)

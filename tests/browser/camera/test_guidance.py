"""The guidance shows the one correct instruction."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PIL import Image, ImageOps
from playwright.sync_api import Request, expect

import ml
from ml.lab.evaluation.protocols.photos import SHARED
from tests.support import performing
from tests.support.browser import scenes
from tests.support.browser.opening import (
    Opener,
    claim,
    instruction,
    proceed,
    sign_in,
    start_camera,
    tray,
)
from tests.support.browser.site import Site

# Playwright does not report the size of a body with files.
NOTING_SIZES = """
const send = window.fetch;
window.sizes = [];
window.fetch = (url, options) => {
  const frame = options?.body?.get?.("frame");
  if (frame) sizes.push(frame.size);
  return send(url, options);
};
"""
TURNED = SHARED / "celeba_wild" / "test" / "07463" / "149174.jpg"
Scene = Callable[[scenes.People], Image.Image]

SCENES: dict[str, tuple[Scene, str]] = {
    "nobody": (lambda _: scenes.empty(), "Look into the camera"),
    "two people": (lambda p: scenes.pair(p[0][0], p[1][0]), "Only one face, please"),
    "the light is off": (lambda p: scenes.dark(scenes.facing(p[0][0])), "More light, please"),
    "a greasy lens": (
        lambda p: scenes.blurred(scenes.facing(p[0][0])),
        "Hold still, or wipe the lens",
    ),
    "far away": (lambda p: scenes.facing(p[0][0], share=0.2), "Move closer"),
    "too near": (lambda p: scenes.facing(p[0][0], share=0.95), "Move back a little"),
    "dark glasses": (
        lambda p: scenes.facing(scenes.with_dark_glasses(p[0][0])),
        "Show your eyes; take off dark glasses",
    ),
    "against a window": (
        lambda p: scenes.back_lit(scenes.facing(p[0][0])),
        "Turn away from the light behind you",
    ),
    "under a lamp": (
        lambda p: scenes.bright(scenes.facing(p[1][0])),
        "Less light, please",
    ),
    "beside the oval": (
        lambda p: scenes.facing(p[0][0], share=0.4, at=(0.24, 0.5)),
        "Move your face into the oval",
    ),
}


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_gets_its_instruction(
    name: str, site: Site, opener: Opener, portraits: scenes.People
) -> None:
    scene, words = SCENES[name]
    page = opener.camera_page(site, scene(portraits))
    claim(page)
    expect(instruction(page)).to_have_text(words)


def test_a_turned_head_is_prompted_to_face_the_camera(
    real_engine: ml.Engine, site: Site, opener: Opener
) -> None:
    frame = scenes.facing(scenes.Portrait.of(real_engine, performing.turned(real_engine)))
    page = opener.camera_page(site, frame)
    claim(page)
    expect(instruction(page)).to_have_text("Turn your head a little to your right")


@pytest.mark.data
@pytest.mark.parametrize(("turn", "side"), [(ImageOps.mirror, "right"), (None, "left")])
def test_a_real_turned_head_is_prompted_to_face_the_camera(
    turn: Callable[[Image.Image], Image.Image] | None,
    side: str,
    real_engine: ml.Engine,
    site: Site,
    opener: Opener,
) -> None:
    frame = scenes.facing(scenes.Portrait.of(real_engine, TURNED.read_bytes()))
    page = opener.camera_page(site, turn(frame) if turn else frame)
    claim(page)
    words = f"Turn your head a little to your {side}"
    expect(instruction(page)).to_have_text(words)


def test_frames_are_small_and_one_at_a_time(
    site: Site, opener: Opener, portraits: scenes.People
) -> None:
    far = scenes.facing(portraits[0][0], share=0.2)
    page = opener.camera_page(site, far, script=NOTING_SIZES)
    under_way: set[Request] = set()
    finished: list[Request] = []
    most: list[int] = []

    def began(request: Request) -> None:
        if request.url.endswith("/camera/check"):
            under_way.add(request)
            most.append(len(under_way))

    def ended(request: Request) -> None:
        if request in under_way:
            under_way.remove(request)
            finished.append(request)

    page.on("request", began)
    page.on("requestfinished", ended)
    claim(page)
    expect(instruction(page)).to_have_text("Move closer")
    while len(finished) < 10:
        page.wait_for_event("requestfinished")
    assert max(most) == 1
    assert 0 < max(page.evaluate("sizes")) < 100_000


def test_frames_get_smaller_on_a_slow_connection(
    site: Site, opener: Opener, portraits: scenes.People
) -> None:
    far = scenes.facing(portraits[0][0], share=0.2)
    page = opener.camera_page(site, far, script=NOTING_SIZES)
    page.goto("/verify?identifier=somebody")
    line = page.context.new_cdp_session(page)
    slow = {"latency": 400, "downloadThroughput": 40_000, "uploadThroughput": 40_000}
    line.send("Network.emulateNetworkConditions", {"offline": False, **slow})
    proceed(page)
    while len(sizes := page.evaluate("sizes")) < 7:
        page.wait_for_event("requestfinished")
    assert sizes[-1] < sizes[0] / 1.5
    expect(instruction(page)).to_have_text("Move closer")


def test_the_button_captures_a_picture_that_guidance_rejects(
    site: Site, opener: Opener, portraits: scenes.People
) -> None:
    page = opener.camera_page(site, scenes.facing(portraits[0][0], share=0.25))
    sign_in(page)
    page.goto("/people/new")
    start_camera(page)
    expect(instruction(page)).to_have_text("Move closer")
    page.get_by_role("button", name="Take the picture now").click()
    cards = tray(page)
    expect(cards).to_have_count(1)


def test_a_picture_can_be_retaken(site: Site, opener: Opener, portraits: scenes.People) -> None:
    page = opener.camera_page(site, scenes.facing(portraits[0][0]))
    sign_in(page)
    page.goto("/people/new")
    start_camera(page)
    manual = page.get_by_role("button", name="Take the picture now")
    cards = tray(page)
    for taken in (1, 2, 3):
        if taken < 3:
            manual.click()
        expect(cards).to_have_count(taken)
    expect(instruction(page)).to_contain_text("Done")
    chosen = page.get_by_label("Pictures", exact=True)
    names = "input => [...input.files].map(file => file.name)"
    first, second, third = chosen.evaluate(names)
    page.get_by_role("button", name="Take photo 2 again").click()
    expect(cards).to_have_count(3)
    page.wait_for_function(
        f"name => !({names})(document.querySelector('[data-pictures]')).includes(name)", arg=second
    )
    again = chosen.evaluate(names)
    assert (again[0], again[2]) == (first, third)

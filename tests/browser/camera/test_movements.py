"""Verification with a challenge, in front of a camera with a simulated head or a filmed photo."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect

import ml
from ml.lab.liveness import mjpeg
from ml.liveness.colour_reflection import COLOURS
from tests.support import faces, performing
from tests.support.browser import acting, scenes
from tests.support.browser.axe import problems_of
from tests.support.browser.opening import (
    ADMINISTRATOR,
    DESKTOP,
    PHONE,
    Opener,
    claim,
    fill_in,
    instruction,
    sign_in,
    start_camera,
    tray,
)
from tests.support.browser.site import Site, served
from tests.support.performing import SENSOR
from webapp.core.actor import SERVER
from webapp.db.models import ChallengeScope
from webapp.services.liveness import setting as liveness
from webapp.services.liveness.setting import Liveness

SEED = 1
STRENGTH = "gentle"
SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
NARROW = {"viewport": {"width": 320, "height": 640}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def guarded_site(
    real_engine: ml.Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Return a site with an enrolled person that requires a fixed challenge."""
    with served(real_engine, tmp_path_factory.mktemp("guarded"), seed=SEED) as running:
        running.add_administrator(ADMINISTRATOR)
        running.enrol("grace", *faces.people()[0].photos[:2])
        with running.app.app_context():
            liveness.change(Liveness(ChallengeScope.ENROLMENT, STRENGTH), "for the test", SERVER)
        yield running


@pytest.fixture(scope="module")
def head(real_engine: ml.Engine) -> str:
    """Return a camera with a head that follows the page's prompts."""
    return acting.camera(real_engine, faces.people()[0])


@pytest.fixture(scope="module")
def photo_film(real_engine: ml.Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a film of a photo that is held and tilted at the prompts."""
    steps = ml.draw_challenge(random.Random(SEED), STRENGTH).steps
    held = performing.photo(real_engine)
    path = tmp_path_factory.mktemp("films") / "photo.mjpeg"
    return mjpeg.write(path, held.actor, steps, SENSOR, held.random)


@pytest.mark.long
@SIZES
def test_a_live_person_is_verified(
    guarded_site: Site, head: str, opener: Opener, size: dict[str, object]
) -> None:
    page = opener.page(guarded_site, script=head, **size)
    claim(page, "grace")

    expect(page.get_by_role("heading", name="Match", exact=True)).to_be_visible(timeout=120_000)


@pytest.mark.long
@SIZES
def test_a_photo_is_refused_without_the_cause(
    guarded_site: Site, photo_film: Path, opener: Opener, size: dict[str, object]
) -> None:
    page = opener.film_page(guarded_site, photo_film, **size)
    claim(page, "grace")

    expect(page.get_by_text("could not be confirmed")).to_be_visible(timeout=120_000)
    expect(page.get_by_role("heading", name="Another way")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_label("Identifier", exact=True)).to_have_value("grace")


@pytest.mark.long
def test_enrolment_starts_with_the_challenge(guarded_site: Site, head: str, opener: Opener) -> None:
    page = opener.page(guarded_site, script=head)
    sign_in(page)
    fill_in(page, "hopper", "Hopper")
    start_camera(page)

    expect(tray(page)).to_have_count(3, timeout=120_000)
    page.get_by_role("button", name="Enrol this person").click()
    page.get_by_role("button", name="Enrol anyway").click()  # the face is Grace's
    expect(page.get_by_text("Hopper is enrolled.")).to_be_visible()


def test_one_instruction_is_shown_in_the_oval_and_announced(
    guarded_site: Site, opener: Opener, portraits: scenes.People
) -> None:
    frame = scenes.facing(portraits[0][0], share=0.4)
    page = opener.camera_page(guarded_site, frame, **NARROW)
    page.goto("/verify")
    expect(page.locator("[data-pictures]")).to_have_count(0)
    claim(page, "grace")
    (first, *_) = ml.draw_challenge(random.Random(SEED), STRENGTH).steps

    expect(page.locator(f"[data-booth][data-cue={first.kind}]")).to_be_visible()
    words = instruction(page).inner_text()
    assert "\n" not in words
    expect(page.locator("[data-role=announcer]")).to_have_text(words)
    expect(page.locator("[data-role=count]")).to_contain_text("Movement 1 of 2")
    expect(page.locator(f".booth-cue [data-step={first.kind}]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["viewport"]["width"]


@contextmanager
def lit(site: Site) -> Iterator[None]:
    """Require light as well while the context lasts."""
    for light in (True, False):
        with site.app.app_context():
            setting = Liveness(ChallengeScope.ENROLMENT, STRENGTH, light=light)
            liveness.change(setting, "for the test", SERVER, confirmed=True)
        if light:
            yield


def test_the_page_warns_of_light_waits_for_the_user_and_then_shines(
    guarded_site: Site, opener: Opener, portraits: scenes.People
) -> None:
    frame = scenes.facing(portraits[0][0], share=0.4)
    options = {"reduced_motion": "reduce", **NARROW}
    with lit(guarded_site):
        page = opener.camera_page(guarded_site, frame, **options)
        claim(page, "grace")
        start = page.get_by_role("button", name="Start the camera")
        expect(start).to_have_accessible_description(re.compile("three times a second at most"))
        expect(page.get_by_text("this light cannot be toned down")).to_be_visible()
        expect(page.locator("[data-booth]")).to_have_attribute("data-state", "idle")
        start.click()

        lit_booth = page.locator("[data-booth][data-light]")
        expect(lit_booth).to_be_visible()
        colour = lit_booth.evaluate("booth => booth.style.getPropertyValue('--light')")
        assert colour in COLOURS
        expect(page.get_by_role("button", name="Turn the camera off")).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.get_by_role("button", name="Turn the camera off").click()
        expect(page.locator("[data-booth][data-light]")).to_have_count(0)


@pytest.mark.long
def test_a_head_that_follows_the_movements_but_not_the_light_fails(
    guarded_site: Site, head: str, opener: Opener
) -> None:
    """The same head passes without light: see the first test above."""
    with lit(guarded_site):
        page = opener.page(guarded_site, script=head)
        claim(page, "grace")
        start_camera(page)
        expect(page.get_by_text("could not be confirmed")).to_be_visible(timeout=120_000)
        sign_in(page)
        page.goto("/attempts/movements")
        page.locator("a[href^='/attempts/movements/']").first.click()

        expect(page.get_by_text("did not reflect the colours")).to_be_visible()


@pytest.mark.long
def test_the_arrow_does_not_move_with_reduced_motion(
    guarded_site: Site, opener: Opener, portraits: scenes.People
) -> None:
    frame = scenes.facing(portraits[0][0])
    page = opener.camera_page(guarded_site, frame, reduced_motion="reduce")
    page.goto("/verify")

    arrow = page.locator(".booth-arrow").first
    assert arrow.evaluate("arrow => getComputedStyle(arrow).animationName") == "none"


@pytest.mark.long
def test_enter_begins_instead_of_sending_a_form_without_movements(
    guarded_site: Site, opener: Opener, portraits: scenes.People
) -> None:
    page = opener.camera_page(guarded_site, scenes.facing(portraits[0][0]))
    page.goto("/verify")
    page.get_by_label("Identifier", exact=True).fill("grace")
    page.get_by_label("Identifier", exact=True).press("Enter")

    expect(page.locator("[data-booth][data-cue=straight]")).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="A picture alone")).to_have_count(0)


@pytest.mark.long
def test_pages_that_ask_for_movements_violate_no_rule(guarded_site: Site, opener: Opener) -> None:
    page = opener.page(guarded_site)
    problems = problems_of(page, ["/verify"])
    sign_in(page)
    seen = ["/verify", "/verify/without-movements", "/people/new", "/liveness"]
    problems += problems_of(page, [*seen, "/attempts/movements"])
    with lit(guarded_site):
        problems += problems_of(page, ["/verify", "/people/new", "/liveness"])
    page.goto("/attempts/movements")
    page.locator("a[href^='/attempts/movements/']").first.click()
    problems += problems_of(page, [page.url])
    assert problems == []

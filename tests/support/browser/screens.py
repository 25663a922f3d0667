"""Photograph the pages, with public-domain portraits.

    python -m tests.support.browser.screens FOLDER [LOOK…]

Every page is taken on a desktop and on a phone, light and dark, or in the named looks (such as
phone-dark). The screenshots of the docs are copied to docs/screens by hand.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from PIL import ImageEnhance
from playwright.sync_api import Page, expect, sync_playwright

import ml
from tests.support import faces
from tests.support.browser import scenes
from tests.support.browser.opening import (
    ADMINISTRATOR,
    ALLOWED,
    DESKTOP,
    PHONE,
    Browsers,
    Opener,
    claim,
    fill_in,
    instruction,
    sign_in,
    start_camera,
)
from tests.support.browser.site import Site, served

LOOKS = {
    f"{device}-{scheme}": {"color_scheme": scheme, **options}
    for device, options in (("desktop", DESKTOP), ("phone", PHONE))
    for scheme in ("light", "dark")
}
TIMEOUT_MS = 60_000


def main(folder: Path, looks: Sequence[str]) -> None:
    """Write PNG files into a folder, one folder a look."""
    folder.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=TIMEOUT_MS)
    engine = ml.load_engine()
    collins, hopper = faces.portraits()
    with ExitStack() as stack:
        temporary = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        playwright = stack.enter_context(sync_playwright())
        empty = stack.enter_context(served(engine, temporary / "empty"))
        site = stack.enter_context(served(engine, temporary / "full"))
        for one in (empty, site):
            one.add_administrator(ADMINISTRATOR)
        person = site.enrol("collins", *collins.photos[:3])
        site.enrol("hopper", hopper.photos[0])
        portrait = scenes.Portrait.of(engine, hopper.photos[0])
        browsers = Browsers(playwright, temporary)
        for look in looks or LOOKS:
            with ExitStack() as pages:
                opener = Opener(browsers, pages)
                _photograph(opener, site, empty, person, portrait, LOOKS[look], folder / look)


def _photograph(
    opener: Opener,
    site: Site,
    empty: Site,
    person: str,
    portrait: scenes.Portrait,
    options: dict[str, object],
    folder: Path,
) -> None:
    folder.mkdir(exist_ok=True)

    def shoot(page: Page, name: str, whole: bool = True) -> None:
        page.screenshot(path=folder / f"{name}.png", full_page=whole)

    plain = opener.page(empty, **options)
    for path, name in (("/", "landing"), ("/sign-in", "sign-in"), ("/nothing", "error-404")):
        plain.goto(path)
        shoot(plain, name)
    sign_in(plain)
    for path in ("/people", "/attempts", "/threshold"):
        plain.goto(path)
        shoot(plain, f"empty{path.replace('/', '-')}")

    broken = opener.page(site, ALLOWED, **options)
    claim(broken)
    expect(broken.get_by_role("heading", name="No camera was found")).to_be_visible()
    shoot(broken, "camera-absent", whole=False)

    good = opener.camera_page(site, scenes.facing(portrait), **options)
    good.goto("/verify")
    shoot(good, "camera-claim", whole=False)
    claim(good, "hopper")
    good.locator("[data-state=holding]").wait_for()
    shoot(good, "camera-holding", whole=False)
    expect(good.get_by_role("heading", name="Match", exact=True)).to_be_visible()
    shoot(good, "match")
    sign_in(good)
    for identifier, outcome in (("hopper", "Match"), ("collins", "No match")):
        claim(good, identifier)
        expect(good.get_by_role("heading", name=outcome, exact=True)).to_be_visible()
        good.wait_for_load_state("networkidle")
        shoot(good, f"operator-{outcome.lower().replace(' ', '-')}")
    fill_in(good, "hopper-2", "Grace Hopper")
    start_camera(good)
    expect(instruction(good)).to_contain_text("Turn your head slightly")
    shoot(good, "enrol-guiding")
    expect(instruction(good)).to_contain_text("Done")
    expect(good.locator("[data-check=good]")).to_have_count(3)
    shoot(good, "enrol-done")
    good.get_by_role("button", name="Enrol this person").click()
    expect(good.locator("[data-tray] [data-check=doubtful]")).to_have_count(3)
    shoot(good, "enrol-doubts")
    fill_in(good, "hopper-2", "Grace Hopper")
    good.get_by_label("Pictures", exact=True).set_input_files(
        [
            {"name": name, "mimeType": "image/jpeg", "buffer": faces.jpeg(image)}
            for name, image in (("wall.jpg", scenes.empty()), ("me.jpg", scenes.facing(portrait)))
        ]
    )
    expect(good.locator("[data-check=poor]")).to_be_visible()
    good.get_by_role("button", name="Enrol this person").click()
    expect(good.locator("[data-tray] [data-check=doubtful]")).to_have_count(1)
    shoot(good, "enrol-refused")
    for path, name in (
        (person, "person"),
        ("/people", "people"),
        ("/attempts", "attempts"),
        ("/threshold", "threshold"),
        ("/identify", "identify"),
    ):
        good.goto(path)
        good.wait_for_load_state("networkidle")
        shoot(good, name)

    shaded = opener.camera_page(site, scenes.facing(scenes.with_dark_glasses(portrait)), **options)
    claim(shaded, "hopper")
    expect(instruction(shaded)).to_contain_text("dark glasses")
    shoot(shaded, "camera-glasses", whole=False)
    shaded.get_by_role("button", name="Take the picture now").click()
    expect(shaded.get_by_role("heading", name="Result")).to_be_attached()
    shoot(shaded, "poor-picture")

    far = opener.camera_page(site, scenes.facing(portrait, share=0.2), **options)
    claim(far, "hopper")
    expect(instruction(far)).to_have_text("Move closer")
    shoot(far, "camera-far", whole=False)
    dim = ImageEnhance.Brightness(scenes.facing(portrait)).enhance(0.25)
    dark = opener.camera_page(site, dim, **options)
    claim(dark, "hopper")
    expect(instruction(dark)).to_have_text("More light, please")
    shoot(dark, "camera-dark", whole=False)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "reports/screens"), sys.argv[2:])

"""Pages and scripts use the browser's language."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.browser import scenes
from tests.support.browser.opening import Opener, claim, instruction, proceed
from tests.support.browser.site import Site

LANGUAGES = {
    "de-AT": ("de", "Prüfen, wer Sie sind", "Schauen Sie in die Kamera", "Jetzt aufnehmen"),
    "fr-CH": ("fr", "Vérifier qui vous êtes", "Regardez la caméra", "Prendre la photo maintenant"),
    "pt-BR": ("en", "Verify who you are", "Look into the camera", "Take the picture now"),
}


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_browser_chooses_the_language(locale: str, site: Site, opener: Opener) -> None:
    language, heading, guidance, button = LANGUAGES[locale]
    page = opener.camera_page(site, scenes.empty(), locale=locale)
    page.goto("/verify?identifier=somebody")
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    proceed(page)
    expect(instruction(page)).to_have_text(guidance)
    expect(page.get_by_role("button", name=button)).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_language_can_be_chosen_on_every_page_and_stays(
    scripts: bool, site: Site, opener: Opener
) -> None:
    page = opener.page(site, locale="en", java_script_enabled=scripts)
    page.goto("/verify?identifier=somebody")
    page.get_by_role("button", name="Deutsch").click()

    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_label("Kennung", exact=True)).to_have_value("somebody")
    page.get_by_role("link", name="Anmelden").click()
    expect(page.get_by_role("heading", name="Anmelden")).to_be_visible()
    page.get_by_role("button", name="Français").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")


def test_a_file_field_shows_the_pages_own_text_alone(site: Site, opener: Opener) -> None:
    page = opener.page(site, locale="de")
    page.goto("/verify")
    page.get_by_text("Ein Foto wählen statt der Kamera").click()
    field = page.locator("input[type=file]").first

    expect(page.get_by_text("Fotos auswählen")).to_be_visible()
    assert field.evaluate("field => getComputedStyle(field).opacity") == "0"
    with page.expect_file_chooser():
        field.click()


SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/17.4 Mobile/15E148 Safari/604.1"
)
CHROME = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/123.0 Safari/537.36"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [(SAFARI, "Tap “aA”"), (CHROME, "Tap the symbol"), (None, "Click the camera or lock symbol")],
    ids=["iPhone", "Android", "desktop"],
)
def test_a_blocked_camera_is_explained_for_the_browser(
    user_agent: str | None, words: str, site: Site, opener: Opener
) -> None:
    page = opener.page(
        site,
        "--use-fake-device-for-media-stream",
        "--deny-permission-prompts",
        user_agent=user_agent,
    )
    claim(page)

    reason = page.get_by_role("alert").filter(has=page.get_by_role("heading"))
    expect(reason).to_contain_text(words)
    page.get_by_role("link", name="Another way").click()
    expect(page.get_by_role("heading", name="Another way")).to_be_in_viewport()

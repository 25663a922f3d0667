"""The browser's language chooses the words, also those of scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import scenes
from tests.browser.opening import Opener, instruction, start_camera
from tests.browser.site import Site

LANGUAGES = {
    "de-AT": ("de", "Prüfen, wer Sie sind", "Schauen Sie in die Kamera", "Jetzt aufnehmen"),
    "fr-CH": ("fr", "Vérifier qui vous êtes", "Regardez la caméra", "Prendre l’image maintenant"),
    "pt-BR": ("en", "Verify who you are", "Look into the camera", "Take the picture now"),
}


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_browser_chooses_the_language(locale: str, site: Site, opener: Opener) -> None:
    language, heading, guidance, button = LANGUAGES[locale]
    page = opener.camera_page(site, scenes.empty(), locale=locale)
    page.goto("/verify")
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    start_camera(page)
    expect(instruction(page)).to_have_text(guidance)
    expect(page.get_by_role("button", name=button)).to_be_visible()

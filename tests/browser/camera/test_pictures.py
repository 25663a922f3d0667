"""Pictures chosen as files are checked at once, named, and sent by the same form."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

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

Files = list[dict[str, object]]


def _file(name: str, data: bytes, kind: str = "image/jpeg") -> dict[str, object]:
    return {"name": name, "mimeType": kind, "buffer": data}


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _card(page: Page, name: str) -> object:
    tray = page.get_by_role("list", name="Pictures to be sent")
    return tray.get_by_role("listitem").filter(has_text=name)


def test_each_chosen_picture_is_checked_at_once_and_named(
    site: Site, opener: Opener, people: tuple[faces.Person, ...]
) -> None:
    page = opener.page(site)
    sign_in(page)
    fill_in(page, "by-file", "By File")
    good, other = people[0].photos[0], people[1].photos[0]
    page.get_by_label("Pictures", exact=True).set_input_files(
        [
            _file("good.jpg", good),
            _file("wall.png", _png(scenes.empty()), "image/png"),
            _file("couple.jpg", faces.side_by_side(good, other)),
            _file("letter.jpg", b"Dear Sir or Madam"),
        ]
    )
    verdicts = {
        "good.jpg": "Good",
        "wall.png": "No face was found",
        "couple.jpg": "more than one face",
        "letter.jpg": "not a picture we can read",
    }
    for name, words in verdicts.items():
        expect(_card(page, name)).to_contain_text(words)

    for name in list(verdicts)[1:]:
        card = _card(page, name)
        card.get_by_text("Remove photo").first.click()
        expect(card).to_be_visible()
        card.get_by_role("button", name="Remove photo").click()
        expect(card).to_have_count(0)
    page.get_by_role("button", name="Enrol this person").click()
    expect(page.get_by_text("By File is enrolled.")).to_be_visible()
    expect(page.get_by_role("heading", name="1 photo")).to_be_visible()


def test_a_second_choice_adds_to_the_first_up_to_ten(
    site: Site, opener: Opener, people: tuple[faces.Person, ...]
) -> None:
    page = opener.page(site)
    sign_in(page)
    page.goto("/people/new")
    photo = people[0].photos[0]
    chosen = page.get_by_label("Pictures", exact=True)
    chosen.set_input_files([_file(f"first-{n}.jpg", photo) for n in range(6)])
    chosen.set_input_files([_file(f"second-{n}.jpg", photo) for n in range(6)])
    cards = tray(page)
    expect(cards).to_have_count(10)
    expect(page.get_by_text("Only 10 pictures fit. Left out: 2.")).to_be_visible()
    assert chosen.evaluate("input => input.files.length") == 10


def test_the_phones_camera_feeds_the_same_form(
    site: Site, opener: Opener, people: tuple[faces.Person, ...]
) -> None:
    site.enrol("phone", people[0].photos[0])
    page = opener.page(site)
    page.goto("/verify?identifier=phone")
    page.get_by_text("Choose a picture instead of the camera").click()
    page.locator("input[capture=user]").set_input_files(_file("shot.jpg", people[0].photos[1]))
    expect(_card(page, "shot.jpg")).to_contain_text("Good")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="Match", exact=True)).to_be_visible()


def test_everything_except_the_camera_works_without_scripts(
    fresh_site: Site, opener: Opener, people: tuple[faces.Person, ...]
) -> None:
    fresh_site.add_administrator(ADMINISTRATOR)
    page = opener.page(fresh_site, java_script_enabled=False)
    sign_in(page)
    fill_in(page, "no-scripts", "No Scripts")
    expect(page.get_by_role("button", name="Start the camera")).to_be_hidden()
    expect(page.get_by_text("The camera needs JavaScript")).to_be_visible()
    page.get_by_label("Pictures", exact=True).set_input_files(_file("one.jpg", people[0].photos[0]))
    page.get_by_role("button", name="Enrol this person").click()
    expect(page.get_by_text("No Scripts is enrolled.")).to_be_visible()

    page.goto("/verify?identifier=no-scripts")
    page.get_by_text("Choose a picture instead of the camera").click()
    page.get_by_label("Pictures", exact=True).set_input_files(_file("two.jpg", people[1].photos[0]))
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="No match")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_refused_enrolment_keeps_its_input_and_good_pictures(
    scripts: bool, fresh_site: Site, opener: Opener, people: tuple[faces.Person, ...]
) -> None:
    fresh_site.add_administrator(ADMINISTRATOR)
    page = opener.page(fresh_site, java_script_enabled=scripts)
    sign_in(page)
    fill_in(page, "kept", "Kept")
    page.get_by_label("Pictures", exact=True).set_input_files(
        [
            _file("good.jpg", people[0].photos[0]),
            _file("wall.png", _png(scenes.empty()), "image/png"),
        ]
    )
    page.get_by_role("button", name="Enrol this person").click()
    alert = page.get_by_role("alert").filter(has_text="wall.png")
    expect(alert).to_contain_text("No face was found")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Kept")
    kept = page.get_by_role("listitem").filter(has_text="good.jpg")
    expect(kept).to_be_visible()
    page.get_by_role("button", name="Enrol").click()
    expect(page.get_by_text("Kept is enrolled.")).to_be_visible()


def test_a_picture_with_a_warning_is_reviewed_first_and_can_be_retaken(
    fresh_site: Site,
    opener: Opener,
    portraits: scenes.People,
    people: tuple[faces.Person, ...],
) -> None:
    fresh_site.add_administrator(ADMINISTRATOR)
    fresh_site.enrol("first", people[0].photos[0])
    page = opener.camera_page(fresh_site, scenes.facing(portraits[0][0]))
    sign_in(page)
    fill_in(page, "second", "Second")
    start_camera(page)
    expect(instruction(page)).to_contain_text("Done")
    page.get_by_role("button", name="Enrol this person").click()
    expect(page.get_by_role("heading", name="Nothing is stored yet")).to_be_focused()
    doubtful = page.locator("[data-check=doubtful]")
    expect(doubtful).to_have_count(3)
    expect(doubtful.first).to_contain_text("looks like somebody who is enrolled already: First")

    page.get_by_role("button", name="Take photo 2 again").click()
    expect(doubtful).to_have_count(2)
    expect(tray(page)).to_have_count(3)
    page.get_by_role("button", name="Enrol anyway").click()
    expect(page.get_by_role("heading", name="Nothing is stored yet")).to_be_focused()
    page.get_by_role("button", name="Enrol anyway").click()
    expect(page.get_by_text("Second is enrolled.")).to_be_visible()
    expect(page.get_by_role("heading", name="3 photos")).to_be_visible()


def test_an_unusable_file_shows_no_broken_picture_and_cannot_be_sent(
    site: Site, opener: Opener, people: tuple[faces.Person, ...]
) -> None:
    page = opener.page(site)
    sign_in(page)
    fill_in(page, "unusable", "Unusable")
    enrol = page.get_by_role("button", name="Enrol this person")
    expect(enrol).to_be_disabled()
    expect(enrol).to_have_accessible_description("Take or choose a photo first.")
    chosen = page.get_by_label("Pictures", exact=True)
    chosen.set_input_files(
        [
            _file("letter.pdf", b"%PDF-1.4 Dear Sir or Madam", "application/pdf"),
            _file("scan.heic", b"no picture at all", "image/heic"),
        ]
    )
    expect(page.locator("[data-check=poor]")).to_have_count(2)
    expect(enrol).to_be_disabled()
    expect(enrol).to_have_accessible_description(re.compile("None of these photos"))
    for card in tray(page).all():
        expect(card.locator("img")).to_be_hidden()
        expect(card.locator("[data-unseen]")).to_be_visible()
    chosen.set_input_files(_file("good.jpg", people[0].photos[0]))
    expect(enrol).to_be_enabled()
    expect(_card(page, "good.jpg").locator("img")).to_be_visible()


def test_a_taken_identifier_is_reported_when_its_field_is_left_and_in_the_review(
    fresh_site: Site, opener: Opener, people: tuple[faces.Person, ...]
) -> None:
    fresh_site.add_administrator(ADMINISTRATOR)
    fresh_site.enrol("taken", people[0].photos[0])
    page = opener.page(fresh_site)
    sign_in(page)
    fill_in(page, "TAKEN", "Somebody")
    shown = page.get_by_text("Somebody with this identifier is enrolled already.")
    expect(shown).to_be_visible()
    page.get_by_label("Identifier", exact=True).fill("free")
    expect(shown).to_be_hidden()
    page.get_by_label("Identifier", exact=True).fill("taken")
    page.get_by_label("Pictures", exact=True).set_input_files(_file("me.jpg", people[0].photos[1]))
    page.get_by_role("button", name="Enrol this person").click()
    expect(page.get_by_role("heading", name="Nothing is stored yet")).to_be_visible()
    expect(shown).to_be_visible()
    page.get_by_label("Identifier", exact=True).fill("free")
    page.get_by_role("button", name="Enrol anyway").click()
    expect(page.get_by_text("Somebody is enrolled.")).to_be_visible()

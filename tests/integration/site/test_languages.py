"""The language of pages, and where a change of it leads."""

from __future__ import annotations

import html
import re

import pytest
from werkzeug.test import TestResponse

from tests.support.installation import SEE_OTHER, Visitor, words


@pytest.mark.parametrize(("language", "heading"), [("de", "Anmelden"), ("en", "Sign in")])
def test_pages_speak_the_readers_language(anybody: Visitor, language: str, heading: str) -> None:
    page = anybody.get("/sign-in", headers={"Accept-Language": language}).text

    assert f'<html lang="{language}"' in page


def language_of(page: TestResponse) -> str:
    return re.search(r'<html lang="(\w+)"', page.text).group(1)


def test_a_chosen_language_keeps_the_page_and_lasts(anybody: Visitor) -> None:
    page = anybody.get("/sign-in?next=/people", headers={"Accept-Language": "en"})
    place = html.unescape(re.search(r'name="next" value="([^"]+)"', page.text).group(1))

    answer = anybody.client.post(
        "/language", data={"csrf_token": anybody.token(), "language": "fr", "next": place}
    )

    assert (answer.status_code, answer.location) == (SEE_OTHER, "/sign-in?next=/people")
    assert language_of(anybody.get("/", headers={"Accept-Language": "de"})) == "fr"
    assert 'lang="fr" aria-current="true"' in anybody.get("/verify").text


def test_a_language_chosen_on_a_refused_form_leads_to_the_page_of_the_form(
    operator: Visitor, ada
) -> None:
    for path, page in (
        (f"/people/{ada}/anchors", f"/people/{ada}"),
        ("/account/password", "/account"),
        ("/people/new", "/people/new"),
    ):
        refused = operator.post(path)
        place = html.unescape(re.search(r'name="next" value="([^"]+)"', refused.text).group(1))
        assert place == page


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/account/password", "/account"),
        ("/sign-out", "/"),
        ("/models/embed", "/models"),
        ("/people/{ada}/anchors", "/people/{ada}"),
        ("/people/{ada}/anchors/{ada}/delete", "/people/{ada}"),
        ("/people/{ada}/delete", "/people/{ada}"),
    ],
)
def test_an_address_that_takes_forms_alone_leads_to_the_page_above(
    path: str, page: str, admin: Visitor, ada
) -> None:
    answer = admin.get(path.format(ada=ada))

    assert (answer.status_code, answer.location) == (302, page.format(ada=ada))


def test_the_page_of_a_deleted_object_leads_back_to_its_list(operator: Visitor, ada) -> None:
    nothing = "00000000-0000-0000-0000-000000000000"
    for path, back in (
        (f"/people/{ada}/anchors/{nothing}/delete", f"/people/{ada}"),
        (f"/people/{ada}/anchors/{nothing}/retire", f"/people/{ada}"),
        (f"/people/{nothing}/delete", "/people"),
        (f"/people/{nothing}/anchors", "/people"),
        (f"/people/{nothing}/link", "/people"),
    ):
        answer = operator.post(path)
        assert answer.status_code == 404
        assert "no longer here" in words(answer)
        assert f'<a class="button" href="{back}">Back</a>' in answer.text


@pytest.mark.parametrize("next_place", ["https://elsewhere.example/", "//elsewhere.example", ""])
def test_a_language_leads_nowhere_else(anybody: Visitor, next_place: str) -> None:
    answer = anybody.client.post(
        "/language", data={"csrf_token": anybody.token(), "language": "de", "next": next_place}
    )

    assert answer.location == "/"


def test_an_unknown_language_changes_nothing(anybody: Visitor) -> None:
    fields = {"csrf_token": anybody.token(), "language": "xx"}

    assert anybody.client.post("/language", data=fields).status_code == 400
    anybody.client.set_cookie("faces_language", "xx")
    assert language_of(anybody.get("/", headers={"Accept-Language": "de"})) == "de"


def test_an_error_page_can_be_read_in_another_language(anybody: Visitor) -> None:
    page = anybody.get("/nothing-here")

    assert (page.status_code, 'name="language" value="de"' in page.text) == (404, True)

"""A faulty translation is replaced by English; no page and no message fails."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from flask import Flask, render_template_string
from flask_babel import gettext, lazy_gettext, ngettext

from webapp.web.display.translations import SafeBabel

ENGLISH = {
    "bare": "Sure to 80 %%",
    "silent": "All %%",
    "renamed": "Hello %(name)s",
    "number": "%(share)s of all",
}
FAULTY = {
    "bare": "Sûr à 80 % »",
    "silent": "100 % sûr",
    "renamed": "Bonjour %(nom)s",
    "number": "%(share)d de tout",
}
FACTS = {"name": "<Ada>", "share": "half"}
FILLED = {
    "bare": "Sure to 80 %",
    "silent": "All %",
    "renamed": "Hello <Ada>",
    "number": "half of all",
}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """Return an app whose French catalogue is full of faults."""
    catalogue = Catalog(locale="fr")
    for name, text in ENGLISH.items():
        catalogue.add(text, FAULTY[name])
    catalogue.add("Right, %(name)s", "Juste, %(name)s")
    catalogue.add("Fifty %%", "Cinquante %%")
    catalogue.add(("One thing", "%(num)s things"), ("Une chose", "%(nombre)s choses"))
    write_catalogue(tmp_path, catalogue)
    made = Flask(__name__)
    made.config["BABEL_TRANSLATION_DIRECTORIES"] = str(tmp_path)
    SafeBabel(made, locale_selector=lambda: "fr")
    with made.test_request_context():
        yield made


def write_catalogue(folder: Path, catalogue: Catalog) -> None:
    (folder / "fr" / "LC_MESSAGES").mkdir(parents=True)
    with (folder / "fr" / "LC_MESSAGES" / "messages.mo").open("wb") as file:
        write_mo(file, catalogue)


def rendered(text: str, **facts: object) -> str:
    """Return the text as a page with autoescaping renders it."""
    places = "".join(f", {name}={name}" for name in facts)
    return render_template_string(f"{{{{ _({text!r}{places}) }}}}", **facts)


@pytest.mark.parametrize("name", ENGLISH)
def test_a_faulty_translation_is_english_on_a_page(app: Flask, name: str) -> None:
    shown = rendered(ENGLISH[name], **FACTS)

    assert shown == FILLED[name].replace("<Ada>", "&lt;Ada&gt;")


@pytest.mark.parametrize("name", ENGLISH)
def test_a_faulty_translation_is_english_in_a_message(app: Flask, name: str) -> None:
    assert gettext(ENGLISH[name], **FACTS) == FILLED[name]


@pytest.mark.parametrize("number", [0, 1, 2, 5])
def test_a_faulty_plural_is_english(app: Flask, number: int) -> None:
    english = "Une chose" if number < 2 else f"{number} things"
    page = render_template_string(
        "{{ ngettext('One thing', '%(num)s things', number) }}", number=number
    )

    assert page == english
    assert ngettext("One thing", "%(num)s things", number) == english


def test_a_correct_translation_stays(app: Flask) -> None:
    assert rendered("Right, %(name)s", name="<Ada>") == "Juste, &lt;Ada&gt;"
    assert gettext("Right, %(name)s", name="Ada") == "Juste, Ada"


def test_a_percent_sign_has_one_spelling_everywhere(app: Flask) -> None:
    assert rendered("Fifty %%") == "Cinquante %"
    assert gettext("Fifty %%") == "Cinquante %"
    assert str(lazy_gettext("Fifty %%")) == "Cinquante %"


def test_a_text_without_values_is_shown_unformatted(app: Flask) -> None:
    assert rendered("Right, %(name)s") == "Right, %(name)s"
    assert gettext("Right, %(name)s", other="x") == "Right, %(name)s"


def test_a_faulty_translation_is_logged_in_one_line(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "webapp.web.display.translations"):
        gettext(ENGLISH["renamed"], name="Ada")

    (record,) = caplog.records
    assert "locale=fr" in record.getMessage()
    assert repr(ENGLISH["renamed"]) in record.getMessage()
    assert "Ada" not in record.getMessage()


@pytest.mark.parametrize("content", [b"", b"\xde\x12\x04\x95", b"not a catalogue at all" * 9])
def test_a_damaged_catalogue_leaves_english(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "fr" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.mo").write_bytes(content)
    app = Flask(__name__)
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(tmp_path)
    SafeBabel(app, locale_selector=lambda: "fr")

    with app.test_request_context():
        assert rendered("Sign in") == "Sign in"
        assert gettext("Sign in") == "Sign in"
        assert ngettext("One thing", "%(num)s things", 3) == "3 things"

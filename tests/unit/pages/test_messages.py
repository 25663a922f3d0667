"""Every code has a text of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import Babel, force_locale

import ml.errors
from webapp import messages
from webapp.messages import describe, instruct
from webapp.settings import ROOT


@pytest.fixture(autouse=True)
def words() -> Iterator[None]:
    app = Flask(__name__)
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(ROOT / "translations")
    Babel(app)
    with app.test_request_context():
        yield


def _codes(base: type) -> list[str]:
    return sorted({error.code for error in base.__subclasses__()})


@pytest.mark.parametrize("code", _codes(ml.errors.FaceError))
def test_every_picture_error_has_a_next_step(code: str) -> None:
    facts = {"format": "TIFF", "limit_bytes": 25_000_000, "limit_pixels": 50_000_000}
    assert code in messages.PICTURE_PROBLEMS
    assert len(describe(code, facts).split(". ")) >= 2


def test_limits_are_shown_in_readable_units() -> None:
    assert "25 megabytes" in describe("too_many_bytes", {"limit_bytes": 25_000_000})
    assert "50 megapixels" in describe("too_many_pixels", {"limit_pixels": 50_000_000})


def test_a_format_that_is_not_read_is_named_with_those_that_are() -> None:
    words = describe("unsupported_format", {"format": "PDF"})
    assert "PDF" in words
    assert "JPEG, PNG or HEIC" in words


def test_an_unknown_code_has_a_general_text() -> None:
    assert describe("never heard of it") == "This could not be done. Try again."


def test_messages_for_programs_do_not_mention_pages() -> None:
    reported = [
        code for code, words in messages.all_codes().items() if re.search(r"\bpage\b", words)
    ]

    assert reported == ["setting_changed_meanwhile"]  # programs cannot change these


def test_instructions_are_short() -> None:
    longest = max(messages.INSTRUCTIONS, key=lambda code: len(instruct(code).split()))
    assert len(instruct(longest).split()) <= 8, instruct(longest)


def test_texts_are_in_the_requested_language() -> None:
    with force_locale("de"):
        assert instruct("too_small") == "Näher kommen"
    with force_locale("fr"):
        assert instruct("too_small") == "Approchez-vous"

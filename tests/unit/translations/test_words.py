"""Each term has one translation, and no line of a page begins with a mark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages import Message

from tests.unit.translations.test_catalogues import GOOD
from translations import spacing
from translations.compile import FOLDER, read_catalogue

TABLE = Path(__file__).parents[3] / "docs" / "extend" / "language.md"
LANGUAGES = ("de", "fr")
# Rows of the table that name banned words of a language.
NOT = {"de": 2, "fr": 4}
ROW = re.compile(r"^\| (.+?) \|$", re.MULTILINE)


def _rows() -> list[list[str]]:
    rows = [row.split(" | ") for row in ROW.findall(TABLE.read_text(encoding="utf-8"))]
    return [row for row in rows if row[0] != "term"]


def _pattern(cell: str) -> re.Pattern[str] | None:
    """Return a pattern of a cell's words; a star matches any ending."""
    if cell == "–":
        return None
    words = [re.escape(word).replace(r"\*", r"\w*") for word in cell.split(", ")]
    return re.compile(rf"\b({'|'.join(words)})\b", re.IGNORECASE)


def _messages(language: str) -> list[Message]:
    path = FOLDER / language / "LC_MESSAGES" / "messages.po"
    return [message for message in read_catalogue(path) if message.id]


def _joined(texts: object) -> str:
    return " ".join(texts) if isinstance(texts, tuple | list) else str(texts)


def test_the_table_of_terms_is_read() -> None:
    assert len(_rows()) > 10
    assert {len(row) for row in _rows()} == {5}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("row", _rows(), ids=lambda row: row[0])
def test_a_term_has_one_translation(row: list[str], language: str) -> None:
    term, wrong = _pattern(row[0]), _pattern(row[NOT[language]])
    assert term is not None
    found = [
        _joined(message.string)
        for message in _messages(language)
        if wrong and term.search(_joined(message.id)) and wrong.search(_joined(message.string))
    ]
    assert found == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_can_begin_with_a_mark(language: str) -> None:
    broken = [
        message.string
        for message in _messages(language)
        if _joined(message.string) != _joined(spacing.spaced(message, language))
    ]
    assert broken == []


@pytest.mark.parametrize(
    ("plain", "spaced"),
    [
        ("Qui est-ce ?", "Qui est-ce\u202f?"),
        ("Bien; encore!", "Bien\u202f; encore\u202f!"),
        ("Seuil : 50", "Seuil\u00a0: 50"),
        ("Seuil:", "Seuil\u00a0:"),
        ("« confirm » : true", "«\u00a0confirm\u00a0»\u00a0: true"),
        ("sûr à 80 %%", "sûr à 80\u202f%%"),
        ("1 sur 10 000", "1 sur 10\u202f000"),
        ("https://a.example, 12:30", "https://a.example, 12:30"),
        ("%(done)s sur %(num)s", "%(done)s sur %(num)s"),
        ("Authorization: Bearer", "Authorization: Bearer"),
        ("Un instant…", "Un instant…"),
    ],
)
def test_french_is_spaced(plain: str, spaced: str) -> None:
    assert spacing.french(plain) == spaced
    assert spacing.french(spaced) == spaced


@pytest.mark.parametrize("plain", ["Wird geprüft …", "Wird geprüft…", "Wird geprüft\u00a0…"])
def test_german_is_spaced(plain: str) -> None:
    assert spacing.german(plain) == "Wird geprüft\u00a0…"


def test_a_catalogue_is_spaced_where_it_is_not(tmp_path: Path) -> None:
    path = tmp_path / "fr" / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    path.write_text(GOOD.lstrip() + 'msgid "Who?"\nmsgstr "Qui ?"\n', encoding="utf-8")

    spacing.main(tmp_path)

    assert path.read_text(encoding="utf-8") == GOOD.lstrip() + 'msgid "Who?"\nmsgstr "Qui\u202f?"\n'

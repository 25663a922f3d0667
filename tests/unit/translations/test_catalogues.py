"""Every text of the pages is in every language, with the same placeholders."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.support import Translations

from translations.compile import catalogues, faults, main, read_catalogue

ROOT = Path(__file__).parents[3]
LANGUAGES = ("de", "fr")
KEYWORDS = {
    "_": None,
    "gettext": None,
    "_l": None,
    "N_": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
}


def _texts(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


def _catalogue(language: str) -> Catalog:
    return read_catalogue(ROOT / "translations" / language / "LC_MESSAGES" / "messages.po")


@pytest.fixture(scope="module")
def words() -> set[str]:
    """Return the English texts of the pages and the app."""
    with (ROOT / "translations" / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(ROOT, methods, options, KEYWORDS)
    return {text if isinstance(text, str) else text[0] for _, _, text, _, _ in found}


def test_the_words_are_found(words: set[str]) -> None:
    assert {"Verify", "Move closer", "The camera is blocked"} <= words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_translated(language: str, words: set[str]) -> None:
    catalogue = _catalogue(language)
    missing = [text for text in words if text not in catalogue or not all(_texts(catalogue[text]))]
    assert missing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_left_over(language: str, words: set[str]) -> None:
    known = {
        message.id if isinstance(message.id, str) else message.id[0]
        for message in _catalogue(language)
    }
    assert known - words - {""} == set()


@pytest.mark.parametrize("path", catalogues(), ids=lambda path: path.parts[-3])
def test_no_catalogue_has_a_fault(path: Path) -> None:
    assert list(faults(path)) == []


GOOD = """
msgid ""
msgstr ""
"Language: fr\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"

msgid "Good, %(name)s"
msgstr "Bien, %(name)s"

msgid "One thing"
msgid_plural "%(num)s things"
msgstr[0] "%(num)s chose"
msgstr[1] "%(num)s choses"

"""


@pytest.fixture
def french(tmp_path: Path) -> Path:
    """Return a French catalogue without a fault."""
    path = tmp_path / "fr" / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_good_catalogues_are_compiled(french: Path) -> None:
    assert main(french.parents[2]) == 0

    with french.with_suffix(".mo").open("rb") as file:
        assert Translations(file).ugettext("Good, %(name)s") == "Bien, %(name)s"


@pytest.mark.parametrize(
    ("entry", "msgid", "reason"),
    [
        ('msgid "Sure"\nmsgstr "Sûr à 80 %"', "Sure", "bare percent sign"),
        ('msgid "All"\nmsgstr "100 % sûr"', "All", "bare percent sign"),
        ('msgid "80 %"\nmsgstr "80 %%"', "80 %", "bare percent sign"),
        ('msgid "For %(name)s"\nmsgstr "Pour %(nom)s"', "For %(name)s", "placeholders differ"),
        ('msgid "For %(name)s"\nmsgstr "Pour vous"', "For %(name)s", "placeholders differ"),
        ('msgid "At %(n)s"\nmsgstr "À %(n)d"', "At %(n)s", "placeholders differ"),
        ('msgid "Of {all}"\nmsgstr "De {tout}"', "Of {all}", "placeholders differ"),
        ('msgid "Yes"\nmsgstr ""', "Yes", "not translated"),
        ('#, fuzzy\nmsgid "Yes"\nmsgstr "Non"', "Yes", "fuzzy"),
        ('#~ msgid "Yes"\n#~ msgstr "Oui"', "Yes", "obsolete"),
        ('msgid "A"\nmsgstr "B"\n\nmsgid "A"\nmsgstr "C"', "A", "2 times"),
        ('msgid "A"\nmsgstr "<b>B"', "A", "markup differs"),
        ('msgid "A"\nmsgstr "« \\"B\\" »"', "A", "markup differs"),
        ('msgid "<b>A</b>"\nmsgstr "<b>B<b>"', "<b>A</b>", "markup differs"),
        (
            'msgid "One"\nmsgid_plural "%(num)s of them"\nmsgstr[0] "Un"\nmsgstr[1] "%(num)s"',
            "One",
            "placeholders differ",
        ),
        ('msgid "One"\nmsgid_plural "Two"\nmsgstr[0] "Un"', "One", "not translated"),
        ('msgid "One"\nmsgid_plural "Two"\nmsgstr[0] "Un"\nmsgstr[1] ""', "One", "not translated"),
    ],
)
def test_a_fault_stops_the_build_and_is_named(
    french: Path, capsys: pytest.CaptureFixture[str], entry: str, msgid: str, reason: str
) -> None:
    french.write_text(f"{GOOD}{entry}\n", encoding="utf-8")

    assert main(french.parents[2]) == 1

    shown = capsys.readouterr().err
    assert f"fr: {msgid!r}: " in shown
    assert reason in shown
    assert not french.with_suffix(".mo").exists()


def test_plural_forms_of_another_language_stop_the_build(
    french: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    french.write_text(GOOD.replace("n > 1", "n != 1"), encoding="utf-8")

    assert main(french.parents[2]) == 1
    assert "Plural-Forms" in capsys.readouterr().err


def test_an_invalid_catalogue_stops_the_build(
    french: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    french.write_text("<<<<<<< HEAD\n" + GOOD, encoding="utf-8")

    assert main(french.parents[2]) == 1
    assert "not a catalogue" in capsys.readouterr().err


def test_a_form_for_one_thing_alone_need_not_name_the_number(tmp_path: Path) -> None:
    path = tmp_path / "de" / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    text = GOOD.replace("n > 1", "n != 1").replace("Language: fr", "Language: de")
    path.write_text(text.replace('%(num)s chose"', 'Ein Ding"'), encoding="utf-8")

    assert list(faults(path)) == []


def test_scripts_use_no_text_that_no_page_hands_them() -> None:
    scripts = "\n".join(path.read_text() for path in (ROOT / "static" / "js").rglob("*.js"))
    used = set(re.findall(r"\bwords\.([a-z_]+)\b(?!\.js|\()", scripts)) - {"js"}
    handed = set()
    wording = ROOT / "webapp" / "web" / "wording"
    for path in (*(ROOT / "templates").rglob("*.html"), *wording.glob("*.py")):
        handed |= set(re.findall(r'^\s+"([a-z_]+)": ', path.read_text(), re.MULTILINE))

    assert len(used) > 20
    assert used - handed == set()

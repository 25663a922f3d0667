"""Docs, comments and docstrings follow the style; exempt folders are listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.style import EXEMPT, ROOT, files, is_exempt, offences


def test_no_page_and_no_comment_breaks_a_rule() -> None:
    found = [str(one) for path in files() if not is_exempt(path) for one in offences(path)]
    assert found == []


@pytest.mark.parametrize("name", EXEMPT)
def test_a_clean_folder_is_not_exempt(name: str) -> None:
    assert any(offences(path) for path in files(name)), f"remove {name!r} from EXEMPT"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Write it anew.", "anew"),
        ("Light is needed besides.", "besides"),
        ("Whoever comes waits.", "Whoever"),
        ("The key stands in a file.", "stands"),
        ("The page says so.", "says"),
        ("It goes on after a kill.", "goes on"),
        ("Who waits is refused.", "Who waits is refused."),
    ],
)
def test_a_banned_word_is_found_in_docs_and_docstrings(
    tmp_path: Path, text: str, word: str
) -> None:
    page, module = tmp_path / "page.md", tmp_path / "module.py"
    page.write_text(f"# A page\n\n{text}\n")
    module.write_text(f'"""A module.\n\n{text}\n"""\n# {text}\nNAME = "{text}"\n')

    assert [one.text for one in offences(page)] == [word]
    assert [(one.text, one.line) for one in offences(module)] == [(word, 3), (word, 5)]


@pytest.mark.parametrize("name", ["faces.conf", "compose.yaml", "Makefile", "app@.service"])
def test_a_banned_word_is_found_in_comments_of_other_files(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text("# The key stands here.\nlisten 80;  # says so\nurl http://stands#says\n")
    assert [(one.text, one.line) for one in offences(file)] == [("stands", 1), ("says", 2)]


def test_code_quotations_and_links_are_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        '# Stands\n\n`anew` and "told so far" and [a link](says.md).\n\n```\nsay anew\n```\n'
    )
    assert [one.text for one in offences(page)] == ["Stands"]


def test_long_paragraphs_and_sentences_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("word " * 30 + ".\n\n" + "A few short words. " * 30 + "\n\n| " + "x " * 400)

    remedies = [one.remedy for one in offences(page)]

    assert remedies[0].startswith("a sentence of 31 words")
    assert remedies[1].startswith("a paragraph of 5")
    assert len(remedies) == 2


def test_exempt_folders_exist() -> None:
    assert [name for name in EXEMPT if not (ROOT / name).exists()] == []

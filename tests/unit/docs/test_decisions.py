"""Decisions have one form, and superseded and superseding ones name each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "docs" / "decisions"
DECISIONS = sorted(FOLDER.glob("[0-9]*.md"))
STATUS = re.compile(r"^\*\*Status:\*\* (?:accepted|proposed|superseded by \[\d{4}\])", re.MULTILINE)
SUPERSEDED = re.compile(r"superseded by \[(\d{4})\]")
SECTIONS = ("## Context", "## Decision", "## Consequences")

every_decision = pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)


def test_every_number_is_used_once() -> None:
    numbers = [path.name[:4] for path in DECISIONS]
    assert len(numbers) == len(set(numbers)) > 20


@every_decision
def test_a_decision_has_its_number_a_status_and_the_sections(path: Path) -> None:
    text = path.read_text()
    places = [text.find(f"\n{section}\n") for section in SECTIONS]

    assert text.startswith(f"# {path.name[:4]}. ")
    assert STATUS.search(text)
    assert -1 not in places
    assert places == sorted(places)


@every_decision
def test_a_superseding_decision_names_the_one_it_replaces(path: Path) -> None:
    status = next(line for line in path.read_text().splitlines() if line.startswith("**Status"))
    for number in SUPERSEDED.findall(status):
        (newer,) = FOLDER.glob(f"{number}-*.md")
        assert f"({path.name})" in newer.read_text()


@every_decision
def test_the_index_lists_it_with_its_title(path: Path) -> None:
    title = path.read_text().splitlines()[0].removeprefix(f"# {path.name[:4]}. ")
    assert f"| [{path.name[:4]}]({path.name}) | {title} |" in (FOLDER / "index.md").read_text()

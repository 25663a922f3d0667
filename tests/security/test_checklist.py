"""Every claim of the security page has an existing test."""

from __future__ import annotations

import re

import pytest

from webapp.settings import ROOT

PAGE = ROOT / "docs" / "explanation" / "security.md"
TESTS = ROOT / "tests"
NAMED = re.compile(r"`(?P<file>(?:\w+/)*test_\w+\.py)`|`(?P<test>test_\w+)`")


def test_every_test_that_the_page_names_is_there() -> None:
    named = list(NAMED.finditer(PAGE.read_text()))
    sources = {path: path.read_text() for path in TESTS.rglob("test_*.py")}
    everything = "\n".join(sources.values())

    assert len(named) > 100
    for name in named:
        if name["file"]:
            assert any(path.match(f"*/{name['file']}") for path in sources), name["file"]
        else:
            assert f"def {name['test']}(" in everything, name["test"]


@pytest.mark.parametrize("requirement", ["2.4.1", "5.2.1", "15.2.2"])
def test_requirements_on_the_work_of_strangers_are_met(requirement: str) -> None:
    rows = [line.split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    states = {row[0].removeprefix("| "): row[1] for row in rows if len(row) > 2}
    number = re.compile(rf"(?<![\d.]){re.escape(requirement)}(?!\d)")
    found = [state for name, state in states.items() if number.search(name)]

    assert found == ["met"]

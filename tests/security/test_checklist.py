"""The security page claims nothing without a test that is there."""

from __future__ import annotations

import re

from webapp.config import ROOT

PAGE = ROOT / "docs" / "security.md"
TESTS = ROOT / "tests"
NAMED = re.compile(r"`(?P<file>(?:\w+/)*test_\w+\.py)`|`(?P<test>test_\w+)`")


def test_every_test_that_the_page_names_is_there() -> None:
    named = list(NAMED.finditer(PAGE.read_text()))
    sources = {path: path.read_text() for path in TESTS.rglob("test_*.py")}
    everything = "\n".join(sources.values())

    assert len(named) > 100
    for name in named:
        if name["file"]:
            places = {TESTS / name["file"], TESTS / "security" / name["file"]}
            assert places & sources.keys(), name["file"]
        else:
            assert f"def {name['test']}(" in everything, name["test"]

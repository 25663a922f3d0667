"""Every link of the documentation leads to a file and a heading that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:)(?P<file>[^)#\s]*)(?:#(?P<heading>[^)\s]+))?\)")
MENTION = re.compile(r"\bdocs/[\w/-]+\.(?:md|webp)\b")
SOURCES = ("deploy", "gunicorn.conf.py", "Makefile", "migrations", "ml", "templates", "webapp")


def headings(page: Path) -> set[str]:
    """Return the anchors of a page as GitHub makes them."""
    lines = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for link in LINK.finditer(page.read_text()):
        target = (page.parent / link["file"]).resolve() if link["file"] else page
        assert target.exists(), link[0]
        if link["heading"]:
            assert link["heading"] in headings(target), link[0]


def test_every_page_that_the_code_names_exists() -> None:
    files = [
        file
        for source in SOURCES
        for file in [ROOT / source, *(ROOT / source).rglob("*")]
        if file.suffix in {".py", ".html", ".md", ".yaml", ".ipynb", ""} and file.is_file()
    ]
    named = {name for file in files for name in MENTION.findall(file.read_text())}

    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_map_leads_to_every_page() -> None:
    docs = ROOT / "docs"
    listed = {
        (docs / link["file"]).resolve() for link in LINK.finditer((docs / "index.md").read_text())
    }
    listed |= {docs / "index.md", *(docs / "decisions").glob("*.md")}
    assert [str(page.relative_to(docs)) for page in docs.rglob("*.md") if page not in listed] == []


NAMED_FILE = re.compile(r"`((?:webapp|ml|tests|deploy|static|templates|docs)/[\w./-]+\.\w+)`")
# Files that the docs ask the reader to write.
TO_BE_WRITTEN = re.compile(r"Write `([^`]+)`|Copy `[^`]+` to `([^`]+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text()
    new = {name for names in TO_BE_WRITTEN.findall(text) for name in names}
    named = set(NAMED_FILE.findall(text)) - new
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []

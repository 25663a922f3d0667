from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

import ml
from tests.support import faces
from tests.support.browser import chromium, scenes
from tests.support.browser.opening import ADMINISTRATOR, Browsers, Opener
from tests.support.browser.site import Site, served

# Generous for busy machines; no test waits longer than necessary.
expect.set_options(timeout=30_000)

BROWSERS_KEPT = 4


# Files with few, long tests run first, so that no worker ends alone with one.
LONGEST_FIRST = ("test_walk.py", "test_accessibility.py", "test_crowded.py", "test_claim.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: item.path.name not in LONGEST_FIRST)


@pytest.fixture(scope="session", autouse=True)
def templates(kept_templates: None) -> None:
    """Compile templates once for all sites."""


@pytest.fixture(scope="module")
def site(real_engine: ml.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Yield an app for the tests of a file, with an administrator."""
    with served(real_engine, tmp_path_factory.mktemp("instance")) as running:
        running.add_administrator(ADMINISTRATOR)
        yield running


@pytest.fixture
def fresh_site(real_engine: ml.Engine, tmp_path: Path) -> Iterator[Site]:
    """Yield an app on its first start."""
    with served(real_engine, tmp_path / "instance") as running:
        yield running


@pytest.fixture(scope="session")
def browsers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browsers]:
    with sync_playwright() as playwright:
        if not chromium.find(playwright):
            pytest.skip(chromium.MISSING)
        running = Browsers(playwright, tmp_path_factory.mktemp("films"))
        yield running
        running.close_all_but(0)


@pytest.fixture
def opener(browsers: Browsers) -> Iterator[Opener]:
    browsers.close_all_but(BROWSERS_KEPT)
    with ExitStack() as stack:
        opening = Opener(browsers, stack)
        yield opening
        assert opening.troubles() == []


@pytest.fixture(scope="session")
def portraits(real_engine: ml.Engine, people: tuple[faces.Person, ...]) -> scenes.People:
    """Return two photos each of two people, with the positions of the faces."""
    return tuple(
        tuple(scenes.Portrait.of(real_engine, photo) for photo in person.photos[:2])
        for person in people[:2]
    )

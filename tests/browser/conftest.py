from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect, sync_playwright

import ml
from tests.browser import chromium, scenes
from tests.browser.opening import ADMINISTRATOR, Opener
from tests.browser.site import Site, served
from tests.support import faces
from tests.support.small_model import artifacts

__all__ = ["artifacts"]

# Generous, because a machine may be busy; nothing waits longer than it has to.
expect.set_options(timeout=30_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def site(engine: ml.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One app for the tests of a file; it has an administrator."""
    with served(engine, tmp_path_factory.mktemp("instance")) as running:
        running.add_administrator(ADMINISTRATOR)
        yield running


@pytest.fixture
def fresh_site(engine: ml.Engine, tmp_path: Path) -> Iterator[Site]:
    """An app on its first start."""
    with served(engine, tmp_path / "instance") as running:
        yield running


@pytest.fixture(scope="session")
def browsers() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        if not chromium.find(playwright):
            pytest.skip(chromium.MISSING)
        yield playwright


@pytest.fixture
def opener(browsers: Playwright, tmp_path: Path) -> Iterator[Opener]:
    with ExitStack() as stack:
        opening = Opener(browsers, stack, tmp_path)
        yield opening
        assert opening.troubles() == []


@pytest.fixture(scope="session")
def portraits(engine: ml.Engine, people: tuple[faces.Person, ...]) -> scenes.People:
    """Two photos each of two people, with where the faces are."""
    return tuple(
        tuple(scenes.Portrait.of(engine, photo) for photo in person.photos[:2])
        for person in people[:2]
    )

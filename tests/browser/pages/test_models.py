"""The models page with scripts starts a change and follows its progress without a reload."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from playwright.sync_api import Locator, Page, expect

import ml
from tests.support import faces
from tests.support.browser.opening import ADMINISTRATOR, Opener, sign_in
from tests.support.browser.site import Site, served
from tests.support.small_model import TINY
from webapp.jobs import queue
from webapp.services.models.selection import CHANGE_MODEL
from webapp.startup.job_handlers import JOB_HANDLERS


@pytest.fixture
def two_models(real_engine: ml.Engine, artifacts: Path, tmp_path: Path) -> Iterator[Site]:
    """Return a site with two installed models."""
    with served(real_engine, tmp_path / "instance", artifacts) as running:
        running.add_administrator(ADMINISTRATOR)
        yield running


@contextmanager
def waiting_for_the_last(site: Site) -> Iterator[Event]:
    """Run the job as a serving process does, but wait before the last picture."""
    reported = Event()

    def wait(done: int, total: int) -> None:
        if done == total:
            reported.wait()

    def work() -> None:
        with site.app.app_context():
            job = queue.newest(CHANGE_MODEL, TINY)
            queue.run_one(JOB_HANDLERS, job.id, wait)

    thread = Thread(target=work)
    thread.start()
    yield reported
    reported.set()
    thread.join()


def card(page: Page, title: str) -> Locator:
    return page.locator("section.card", has=page.get_by_role("heading", name=title))


def test_a_change_is_followed_until_the_other_model_serves(
    two_models: Site,
    opener: Opener,
    people: tuple[faces.Person, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("webapp.services.models.reembedding.BATCH", 1)
    two_models.enrol("ada", *people[0].photos[:2])
    page = opener.page(two_models)
    sign_in(page)
    page.goto("/models")
    other = card(page, "koch on drawn faces")
    expect(other).to_contain_text("Photos still to process")
    other.get_by_role("link", name="Switch to this model").click()
    page.get_by_label("I have read the licence").check()
    page.get_by_label("Reason").fill("a trial")
    if page.get_by_label("Confirmation").count():  # that model was trained for seconds
        page.get_by_label("Confirmation").fill("dangerous")
    page.get_by_role("button", name="Switch to “koch on drawn faces”").click()
    expect(page.get_by_text("The change to “tiny” has begun.")).to_be_visible()
    expect(other.get_by_role("status")).to_have_text("Getting ready…")

    with waiting_for_the_last(two_models) as resume:
        expect(other.get_by_role("status")).to_have_text("1 of 2 photos processed")
        expect(other.get_by_role("progressbar")).to_have_attribute("max", "2")
        expect(card(page, "dlib")).to_contain_text("Active")
        resume.set()
        expect(other).to_contain_text("Active")
    expect(page.get_by_role("row").last).to_contain_text("a trial")
    expect(page.get_by_role("row").last).to_contain_text(ADMINISTRATOR)

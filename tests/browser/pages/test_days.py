"""In a browser far from UTC, every page shows days and times in the browser's zone."""

from __future__ import annotations

from datetime import UTC, datetime

from playwright.sync_api import expect

from tests.support.browser.opening import Opener, sign_in
from tests.support.browser.site import Site
from tests.support.past import past_attempt
from webapp.db.transactions import unit_of_work


def store_attempt(moment: datetime) -> None:
    with unit_of_work() as session:
        session.add(past_attempt(created_at=moment))


def test_list_filters_and_figures_are_in_the_browsers_zone(site: Site, opener: Opener) -> None:
    with site.app.app_context():
        store_attempt(datetime(2026, 11, 1, 7, 30, tzinfo=UTC))  # 00:30
        store_attempt(datetime(2026, 11, 2, 7, 30, tzinfo=UTC))  # 25 hours later
    page = opener.page(site, timezone_id="America/Los_Angeles")

    sign_in(page)
    page.goto("/attempts")
    expect(page.get_by_text("in your time zone, America/Los_Angeles")).to_be_visible()
    expect(page.get_by_text("1 Nov 2026, 23:30")).to_be_visible()

    for label in ("From", "To"):
        page.get_by_label(label, exact=True).fill("2026-11-01")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("2 attempts")).to_be_visible()

    page.goto("/dashboard?days=365")
    page.get_by_text("The same as a table").click()
    day = page.get_by_role("rowheader", name="1 Nov 2026", exact=True)
    row = page.get_by_role("row").filter(has=day)
    expect(row.get_by_role("cell").first).to_have_text("2")


def test_a_first_page_with_days_is_in_the_browsers_zone_at_once(site: Site, opener: Opener) -> None:
    page = opener.page(site, timezone_id="Asia/Kolkata")
    sign_in(page)
    page.context.clear_cookies(name="faces_zone")

    page.goto("/dashboard")

    expect(page.get_by_text("in your time zone, Asia/")).to_be_visible()


def test_a_zone_ahead_of_utc_is_used(site: Site, opener: Opener) -> None:
    page = opener.page(site, timezone_id="Pacific/Auckland")
    sign_in(page)
    page.goto("/attempts")
    expect(page.get_by_text("in your time zone, Pacific/Auckland")).to_be_visible()
    expect(page.locator("time").first).to_have_text("2 Nov 2026, 20:30")

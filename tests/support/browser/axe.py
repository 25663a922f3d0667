"""What axe finds on pages, and what it does not look for."""

from __future__ import annotations

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

FORMS_WITHOUT_PROGRESS = "main form[method=post]:not([data-busy]):not([action$='/export'])"
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


def problems_of(page: Page, found: list[str]) -> list[str]:
    """Violations on pages, and forms that do not show that they are being worked on.

    A form that hands out a file leaves the page as it is, and the browser shows the download.
    """
    problems = []
    for address in found:
        page.goto(address)
        problems += violations(page)
        silent = page.locator(FORMS_WITHOUT_PROGRESS).count()
        problems += [f"{address}: a form shows no progress"] * silent
        # Space presses a button and scrolls on a link: what is one must not call itself the other.
        posing = page.locator("a[role=button]").count()
        problems += [f"{address}: a link calls itself a button"] * posing
    return problems


def violations(page: Page) -> list[str]:
    """What axe finds on a page, light and dark."""
    found = []
    page.evaluate(AXE_SCRIPT)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found += [
            f"{page.url} {scheme} {problem['id']}: {node['target']} {node['failureSummary']}"
            for problem in page.evaluate("options => axe.run(options)", RULES)["violations"]
            for node in problem["nodes"]
        ]
    return found

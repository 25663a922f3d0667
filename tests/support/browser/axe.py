"""Violations that axe finds on pages, and faults that it does not check."""

from __future__ import annotations

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

FORMS_WITHOUT_PROGRESS = "main form[method=post]:not([data-busy]):not([action$='/export'])"
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


def problems_of(page: Page, found: list[str]) -> list[str]:
    """Return violations on pages, and forms that do not show their progress.

    A form that returns a file does not leave the page; the browser shows the download.
    """
    problems = []
    for address in found:
        page.goto(address)
        problems += violations(page)
        silent = page.locator(FORMS_WITHOUT_PROGRESS).count()
        problems += [f"{address}: a form shows no progress"] * silent
        # Space presses a button and scrolls on a link, so neither may have the other's role.
        posing = page.locator("a[role=button]").count()
        problems += [f"{address}: a link calls itself a button"] * posing
    return problems


def violations(page: Page) -> list[str]:
    """Return axe's violations on a page, light and dark."""
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

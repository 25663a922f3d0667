"""Every page of the site, from its route map, so that no new page is missed."""

from __future__ import annotations

from flask import url_for
from playwright.sync_api import BrowserContext

from tests.support.browser.site import Site

NOWHERE = "/nothing-here"


def addresses(site: Site, person: str) -> list[str]:
    """Return the addresses of all GET routes, and an unknown one.

    Args:
        site: the site.
        person: the address of a person's page, which fills the routes' placeholders.
    """
    examples = {
        "person_id": person.rsplit("/", 1)[1],
        "anchor_id": "00000000-0000-0000-0000-000000000000",
        "attempt_id": "00000000-0000-0000-0000-000000000000",
        "key_id": "00000000-0000-0000-0000-000000000000",
        "result_id": "00000000-0000-0000-0000-000000000000",
        "name": "open",
        "token": "none",
        "filename": "css/layout.css",
    }
    rules = [rule for rule in site.app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    with site.app.test_request_context():
        found = {
            url_for(rule.endpoint, **{place: examples[place] for place in rule.arguments})
            for rule in rules
        }
    return sorted(found)


def pages(visitor: BrowserContext, found: list[str]) -> list[str]:
    """Return the addresses that a visitor receives as pages without a redirect."""
    answers = {address: visitor.request.get(address, max_redirects=0) for address in found}
    return [
        address
        for address, answer in answers.items()
        if answer.ok and answer.headers.get("content-type", "").startswith("text/html")
    ] + [NOWHERE]

"""Measure guidance for one user.

    python -m tests.support.browser.measure_guidance [SECONDS]

It prints the frames checked in a second, the server time of one, and the time from capture to the
answer of a verification. Browser and server share the machine.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request, Response, expect, sync_playwright

import ml
from tests.support import faces
from tests.support.browser import scenes
from tests.support.browser.opening import Browsers, Opener, claim, instruction, proceed
from tests.support.browser.site import served

TIMEOUT_MS = 120_000
VERIFICATIONS = 5


def main(seconds: float) -> None:
    """Print the figures."""
    expect.set_options(timeout=TIMEOUT_MS)
    engine = ml.load_engine()
    hopper = faces.portraits()[1]
    portrait = scenes.Portrait.of(engine, hopper.photos[0])
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        playwright = stack.enter_context(sync_playwright())
        site = stack.enter_context(served(engine, folder / "site"))
        site.enrol("hopper", hopper.photos[0])
        opener = Opener(Browsers(playwright, folder), stack)
        print(f"cores: {ml.usable_cores()}, load: {os.getloadavg()[0]:.1f}")
        _frames(opener.camera_page(site, scenes.facing(portrait, share=0.2)), seconds)
        _answers(opener.camera_page(site, scenes.facing(portrait)), VERIFICATIONS)


def _frames(page: Page, seconds: float) -> None:
    checks: list[Response] = []
    claim(page, "hopper")
    expect(instruction(page)).to_have_text("Move closer")

    def note(response: Response) -> None:
        if response.url.endswith("/camera/check"):
            checks.append(response)

    page.on("response", note)
    began = time.monotonic()
    page.wait_for_timeout(seconds * 1000)
    taken = time.monotonic() - began
    page.remove_listener("response", note)
    costs = [check.json()["ms"] for check in checks]
    print(f"frames a second: {len(checks) / taken:.1f}")
    print(f"milliseconds a frame on the server, median: {statistics.median(costs):.0f}")


def _answers(page: Page, times: int) -> None:
    waits, decisions = [], []
    for _ in range(times):
        page.goto("/verify?identifier=hopper")
        with page.expect_request(_is_verification):
            proceed(page)
        began = time.monotonic()
        expect(page.get_by_role("heading", name="Match", exact=True)).to_be_visible()
        waits.append(1000 * (time.monotonic() - began))
        decisions.append(int(page.get_by_text("milliseconds").inner_text().split()[0]))
    print(f"milliseconds from the pictures to the result, median: {statistics.median(waits):.0f}")
    print(f"of which the decision: {statistics.median(decisions):.0f}")


def _is_verification(request: Request) -> bool:
    return request.method == "POST" and urlsplit(request.url).path == "/verify"


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0)

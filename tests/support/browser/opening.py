"""Open pages in Chromium, with and without a camera, and record their faults."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Playwright

from tests.support.browser import chromium
from tests.support.browser.scenes import film
from tests.support.browser.site import Site
from tests.support.installation import PASSWORD

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
FAKE_CAMERA = "--use-fake-device-for-media-stream"
ALLOWED = "--use-fake-ui-for-media-stream"
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
ADMINISTRATOR = "anna"


@dataclass
class Watch:
    """Records faults of any page: errors in the console, and requests to other hosts.

    `expected` are parts of messages that a test causes on purpose.
    """

    site: str
    expected: tuple[str, ...]
    troubles: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Watch every page of a context."""
        context.on("console", self._message)
        context.on("weberror", lambda error: self.troubles.append(str(error.error)))
        context.on("request", lambda request: self._request(request.url))

    def _message(self, message: ConsoleMessage) -> None:
        is_expected = any(words in message.text for words in self.expected)
        if message.type in ("error", "warning") and not is_expected:
            self.troubles.append(f"{message.type}: {message.text}")

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.netloc != urlsplit(self.site).netloc:
            self.troubles.append(f"request to {url}")


@dataclass
class Browsers:
    """Running Chromiums, one for each set of switches, shared by tests. The folder holds films."""

    playwright: Playwright
    folder: Path
    running: dict[tuple[str, ...], Browser] = field(default_factory=dict)

    def with_switches(self, *switches: str) -> Browser:
        """Return a running browser, started if there is none with these switches."""
        browser = self.running.pop(switches, None)
        if browser is None or not browser.is_connected():
            browser = self.playwright.chromium.launch(
                executable_path=chromium.find(self.playwright), args=[*QUIET, *switches]
            )
        self.running[switches] = browser  # the most recent one is the last
        return browser

    def close_all_but(self, latest: int) -> None:
        """Close browsers that were not used recently."""
        for switches in list(self.running)[: max(len(self.running) - latest, 0)]:
            self.running.pop(switches).close()


@dataclass
class Opener:
    """Opens pages in browser contexts that end with the stack."""

    browsers: Browsers
    stack: ExitStack
    watches: list[Watch] = field(default_factory=list)
    films: int = 0

    def page(
        self,
        site: Site,
        *switches: str,
        host: str = "127.0.0.1",
        script: str = "",
        expected: tuple[str, ...] = (),
        **options: object,
    ) -> Page:
        """Open a page of a new visitor, who shares cookies and storage with nobody.

        Args:
            site: the site to open.
            switches: switches of Chromium.
            host: the host name of the site.
            script: runs before the page's own scripts.
            expected: parts of console messages that are no faults.
            options: options of Playwright's context.
        """
        url = site.url.replace("127.0.0.1", host)
        browser = self.browsers.with_switches(*switches)
        context = browser.new_context(base_url=url, **({"locale": "en-GB"} | DESKTOP | options))
        self.stack.callback(context.close)
        watch = Watch(url, expected)
        watch.over(context)
        self.watches.append(watch)
        context.add_init_script(script)
        return context.new_page()

    def camera_page(self, site: Site, frame: Image.Image, **options: object) -> Page:
        """Open a page whose browser has an allowed camera that sees a scene."""
        self.films += 1
        path = self.browsers.folder / f"camera-{self.films}.mjpeg"
        return self.film_page(site, film(path, frame), **options)

    def film_page(self, site: Site, path: Path, **options: object) -> Page:
        """Open a page whose camera plays a film in a loop."""
        playing = f"--use-file-for-fake-video-capture={path}"
        return self.page(site, ALLOWED, FAKE_CAMERA, playing, **options)

    def troubles(self) -> list[str]:
        """Return all recorded faults."""
        return [trouble for watch in self.watches for trouble in watch.troubles]


def sign_in(page: Page) -> None:
    """Sign in as the administrator."""
    page.goto("/sign-in")
    page.get_by_label("Name", exact=True).fill(ADMINISTRATOR)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()


def proceed(page: Page) -> None:
    """Confirm the identifier in the field; the camera starts."""
    page.locator("[data-claim-continue]").click()


def claim(page: Page, identifier: str = "somebody") -> None:
    """Open the verification with an identifier and confirm it."""
    page.goto(f"/verify?identifier={identifier}")
    proceed(page)


def start_camera(page: Page) -> None:
    """Start the camera where no identifier is asked for first."""
    page.get_by_role("button", name="Start the camera").click()


def instruction(page: Page) -> Locator:
    """Return the one instruction over the preview."""
    return page.locator("[data-role=instruction]")


def tray(page: Page) -> Locator:
    """Return the cards of the pictures to send."""
    return page.get_by_role("list", name="Pictures to be sent").get_by_role("listitem")


def fill_in(page: Page, identifier: str, name: str) -> None:
    """Open the enrolment, and enter the identity and the consent."""
    page.goto("/people/new")
    page.get_by_label("Identifier", exact=True).fill(identifier)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("checkbox", name="The person agrees").check()

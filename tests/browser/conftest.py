from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Playwright,
    sync_playwright,
)
from werkzeug.serving import WSGIRequestHandler, make_server

import ml
from tests import faces
from tests.browser import scenes
from tests.installation import CHEAP, PASSWORD, UNLIMITED
from webapp import create_app
from webapp.config import Settings
from webapp.extensions import limiter
from webapp.models import Role
from webapp.services import accounts
from webapp.services.enrolment import NewPerson, enrol
from webapp.startup import get_ready, prepare

CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass
class Site:
    """The real app, served on a free port out of a temporary folder."""

    url: str
    setup_path: str
    app: object

    def account(self, username: str, role: Role = Role.ADMIN) -> str:
        """Make an account; returns its name."""
        with self.app.app_context():
            accounts.create_account(username, PASSWORD, role)
        return username

    def enrol(self, identifier: str, *photos: bytes) -> str:
        """Enrol somebody; returns the path of their page."""
        with self.app.app_context():
            person = enrol(NewPerson(identifier, identifier.title(), True), photos, None)
        return f"/people/{person}"


@pytest.fixture
def make_site(
    engine: ml.Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Site]]:
    with ExitStack() as running:

        def make() -> Site:
            return running.enter_context(_served(engine, tmp_path_factory.mktemp("instance")))

        yield make


@pytest.fixture(scope="module")
def site(engine: ml.Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One app for the tests of a file; it has an administrator, anna."""
    with _served(engine, tmp_path_factory.mktemp("instance")) as served:
        served.account("anna")
        yield served


class _Silent(WSGIRequestHandler):
    def log_request(self, *_facts: object) -> None:
        pass


class _served:
    def __init__(self, engine: ml.Engine, instance: Path) -> None:
        self.engine, self.instance = engine, instance

    def __enter__(self) -> Site:
        settings = Settings(
            instance=self.instance,
            password_cost=CHEAP,
            sign_in_limit=UNLIMITED,
            verify_limit=UNLIMITED,
            guidance_limit=UNLIMITED,
            log_level="WARNING",
        )
        with create_app(settings, self.engine).app_context():
            token = prepare()
        app = create_app(settings, self.engine)
        limiter.reset()
        get_ready(app)
        self.server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        return Site(f"http://127.0.0.1:{self.server.port}", f"/setup/{token}", app)

    def __exit__(self, *_error: object) -> None:
        self.server.shutdown()
        self.thread.join()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Playwright]:
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        yield playwright


@dataclass
class Watch:
    """What must not happen on any page: errors in the console, requests to elsewhere."""

    site: str
    troubles: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()

    def over(self, context: BrowserContext) -> None:
        context.on("console", self._message)
        context.on("weberror", lambda error: self.troubles.append(str(error.error)))
        context.on("request", lambda request: self._request(request.url))

    def _message(self, message: object) -> None:
        if message.type in ("error", "warning") and not self._is_expected(message.text):
            self.troubles.append(f"{message.type}: {message.text}")

    def _is_expected(self, text: str) -> bool:
        return any(words in text for words in self.expected)

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.netloc != urlsplit(self.site).netloc:
            self.troubles.append(f"request to {url}")


@dataclass
class Opener:
    """Opens pages of a site in browsers that are closed after the test."""

    playwright: Playwright
    stack: ExitStack
    watches: list[Watch] = field(default_factory=list)

    def browser(self, *arguments: str) -> Browser:
        launched = self.playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*QUIET, *arguments]
        )
        self.stack.callback(launched.close)
        return launched

    def page(
        self,
        site: Site,
        *arguments: str,
        expected: tuple[str, ...] = (),
        script: str = "",
        host: str = "",
        **options: object,
    ) -> Page:
        """A page in a browser of its own, with Chromium's switches and Playwright's options."""
        url = site.url.replace("127.0.0.1", host) if host else site.url
        context = self.browser(*arguments).new_context(
            base_url=url, **({"locale": "en-GB"} | DESKTOP | options)
        )
        watch = Watch(url, expected=expected)
        watch.over(context)
        self.watches.append(watch)
        if script:
            context.add_init_script(script)
        return context.new_page()

    def camera_page(self, site: Site, film: Path, **options: object) -> Page:
        """A page whose browser has a camera that plays a film, and lets pages use it."""
        return self.page(
            site,
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={film}",
            **options,
        )


@pytest.fixture
def opener(chromium: Playwright) -> Iterator[Opener]:
    with ExitStack() as stack:
        opening = Opener(chromium, stack)
        yield opening
        assert [trouble for watch in opening.watches for trouble in watch.troubles] == []


@pytest.fixture(scope="session")
def portraits(
    engine: ml.Engine, people: tuple[faces.Person, ...]
) -> tuple[tuple[scenes.Portrait, ...], ...]:
    """Two photos each of two people, with where the faces are."""
    return tuple(
        tuple(scenes.Portrait.of(engine, photo) for photo in person.photos[:2])
        for person in people[:2]
    )


def instruction(page: Page) -> Locator:
    """The one instruction that stands over the preview."""
    return page.locator("[data-role=instruction]")


def start_camera(page: Page) -> None:
    """Start the camera, unless the page does so by itself because it is allowed already."""
    page.evaluate("navigator.permissions.query({ name: 'camera' }).then(() => null)")
    if page.locator("[data-booth]").get_attribute("data-state") == "idle":
        page.get_by_role("button", name="Start the camera").click()


def sign_in(page: Page, username: str = "anna") -> None:
    page.goto("/sign-in")
    page.get_by_label("Name").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()

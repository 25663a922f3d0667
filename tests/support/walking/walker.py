"""Walk through pages; check each response, and record the requested texts."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import UUID

from babel.support import NullTranslations
from flask import Flask
from jinja2 import FileSystemBytecodeCache, StrictUndefined
from werkzeug.test import TestResponse

from tests.support.changed import changed
from tests.support.fake_engine import FakeEngine, picture
from tests.support.installation import ADMIN, OPERATOR, VIEWER, Visitor
from webapp import create_app
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.settings import Settings
from webapp.web.display.translations import SafeDomain
from webapp.web.wording import dangers

# Patterns of texts with unfilled placeholders or failed rendering.
UNFILLED = re.compile(r"%\(\w+\)|%%|\{\{|\{%|Undefined|&lt;[/a-z]|\bNone\b")
# Elements whose placeholders the page's scripts fill.
SCRIPTS = re.compile(r'<script[^>]*>.*?</script>|data-label="[^"]*"', re.DOTALL)
VOID = {"br", "hr", "img", "input", "link", "meta", "source", "wbr"}


@dataclass
class Notes:
    """Records of a walk: requested texts, untranslated ones, and rendered templates."""

    texts: set[str] = field(default_factory=set)
    untranslated: set[str] = field(default_factory=set)
    templates: set[str] = field(default_factory=set)


class NotingDomain(SafeDomain):
    """The catalogue; it records each requested text."""

    def __init__(self, notes: Notes) -> None:
        super().__init__()
        self.notes = notes

    def get_translations(self) -> NullTranslations:
        return _Noting(super().get_translations(), self.notes)


class _Noting(NullTranslations):
    def __init__(self, catalogue: NullTranslations, notes: Notes) -> None:
        super().__init__()
        self.catalogue, self.notes = catalogue, notes
        self.known = getattr(catalogue, "_catalog", {})

    def ugettext(self, text: str) -> str:
        self._note(text, text)
        return self.catalogue.ugettext(text)

    def ungettext(self, singular: str, plural: str, number: int) -> str:
        self._note(singular, (singular, 0))
        return self.catalogue.ungettext(singular, plural, number)

    def _note(self, text: str, key: str | tuple[str, int]) -> None:
        self.notes.texts.add(text)
        if key not in self.known:
            self.notes.untranslated.add(text)


class PathProxy:
    """A WSGI proxy that serves the app below a path, and nothing next to it."""

    def __init__(self, app: Any, prefix: str) -> None:
        self.app, self.prefix = app, prefix

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        path = environ["PATH_INFO"]
        if not path.startswith(f"{self.prefix}/"):
            start("404 Outside", [])
            return [f"outside: {path}".encode()]
        environ["PATH_INFO"] = path.removeprefix(self.prefix)
        environ["HTTP_X_FORWARDED_PREFIX"] = self.prefix
        return self.app(environ, start)


class Reader(Visitor):
    """A visitor with a browser in one language; each response is checked.

    Paths in scenes are the app's own; `prefix` is the path of the app.
    """

    def __init__(self, app: Flask, language: str, prefix: str = "") -> None:
        super().__init__(app)
        self.language, self.prefix = language, prefix
        self.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
        open_anything = self.client.open
        self.client.open = lambda path, *args, **options: open_anything(
            self._place(path), *args, **options
        )

    def _place(self, path: Any) -> Any:
        if isinstance(path, str) and not path.startswith(f"{self.prefix}/"):
            return self.prefix + path
        return path

    def see(self, path: str, status: int = 200, **options: Any) -> TestResponse:
        """Open a page, and where it leads to."""
        answer = self.get(path, follow_redirects=True, **options)
        return self._checked(answer, path, status)

    def send(
        self,
        path: str,
        status: int = 200,
        pictures: dict[str, Sequence[bytes]] | None = None,
        **fields: Any,
    ) -> TestResponse:
        """Send a form, and open where its answer leads to."""
        answer = self.post(path, pictures, **fields)
        while answer.status_code in {301, 302, 303}:
            assert answer.location.startswith(f"{self.prefix}/"), answer.location
            answer = self.get(answer.location)
        return self._checked(answer, path, status)

    def _checked(self, answer: TestResponse, path: str, status: int) -> TestResponse:
        assert answer.status_code == status, (path, answer.status_code, text_of(answer)[:2000])
        if answer.mimetype == "text/html":
            check_page(answer.text, self.language, self.prefix)
        return answer


@dataclass
class Site:
    """The installation of one scene, read in one language."""

    app: Flask
    language: str
    settings: Settings
    prefix: str = ""

    @property
    def anybody(self) -> Reader:
        return Reader(self.app, self.language, self.prefix)

    @property
    def admin(self) -> Reader:
        return self._signed_in(ADMIN)

    @property
    def operator(self) -> Reader:
        return self._signed_in(OPERATOR)

    @property
    def viewer(self) -> Reader:
        return self._signed_in(VIEWER)

    def _signed_in(self, username: str) -> Reader:
        reader = self.anybody
        assert reader.sign_in(username).status_code == 302
        return reader

    def enrol(self, person: int = 0, pictures: int = 1, **facts: Any) -> UUID:
        """Enrol a person with a number of photos; the identifier is `person-…`."""
        faces = [self.analysed(picture(person, number, **facts)) for number in range(pictures)]
        return store.enrol(NewPerson(f"person-{person}", f"Name {person}", True), faces, SERVER)

    def change(self, **settings: Any) -> None:
        """Change settings for the rest of the scene."""
        self.app.extensions["settings"] = changed(self.app.extensions["settings"], **settings)

    @property
    def danger_word(self) -> str:
        """Return the word that confirms a dangerous setting."""
        with self.app.test_request_context(headers={"Accept-Language": self.language}):
            return dangers.word()

    def analysed(self, data: bytes) -> Any:
        """Return a picture, as the engine analyses it."""
        return self.app.extensions["active_model"].engine.analyse(data, purpose="enrol")


@contextmanager
def site(
    settings: Settings, language: str, cache: Path, notes: Notes, prefix: str = ""
) -> Iterator[Site]:
    """Yield an app over a prepared instance folder. A missing template variable is an error."""
    app = create_app(settings, FakeEngine())
    if prefix:
        app.wsgi_app = PathProxy(app.wsgi_app, prefix)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(cache))
    babel = app.extensions["babel"].instance
    vars(babel)["domain_instance"] = NotingDomain(notes)
    try:
        with app.app_context():
            yield Site(app, language, settings, prefix)
            db.session.remove()
            db.engine.dispose()
    finally:
        del vars(babel)["domain_instance"]
        notes.templates.update(name for _loader, name in app.jinja_env.cache.keys())  # noqa: SIM118


def check_page(page: str, language: str, prefix: str = "") -> None:
    """Check that a page is complete: its language, texts, tags and links."""
    assert f'<html lang="{language}"' in page, page[:200]
    shown = SCRIPTS.sub("", page)
    left = UNFILLED.search(shown)
    assert not left, shown[max(left.start() - 200, 0) : left.end() + 200]
    tags = _Tags(prefix)
    tags.feed(page)
    assert tags.open == [], tags.open


class _Tags(HTMLParser):
    """Checks that each tag is closed by its own end, and that each path is below the prefix."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self.prefix = prefix
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        for name, value in attrs:
            if value and value.startswith("/"):
                assert value.startswith(f"{self.prefix}/"), (tag, name, value)
            assert re.fullmatch(r"[a-zA-Z_:][\w:.-]*", name), (tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        """Check an element of a drawing, which closes itself."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag, (tag, self.getpos())


def text_of(answer: TestResponse) -> str:
    """Return a page without its tags, for messages of failed tests."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())

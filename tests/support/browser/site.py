"""The real app, served on a free port from a temporary folder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random, SystemRandom

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

import ml
from tests.support.installation import CHEAP, PASSWORD, UNLIMITED
from webapp import create_app
from webapp.core.actor import SERVER
from webapp.db.models import Role
from webapp.services.accounts import accounts
from webapp.services.enrolment import store
from webapp.services.enrolment.review import review_pictures
from webapp.services.enrolment.store import NewPerson
from webapp.settings import Settings
from webapp.startup.prepare import get_ready, prepare


@dataclass(frozen=True)
class Site:
    """The address of a served app, and the path of its set-up link."""

    url: str
    setup_path: str
    app: Flask

    def add_administrator(self, username: str) -> None:
        """Make an account that may do everything."""
        with self.app.app_context():
            accounts.create_account(username, PASSWORD, Role.ADMIN, SERVER)

    def enrol(self, identifier: str, *photos: bytes) -> str:
        """Enrol a person; return the path of their page."""
        with self.app.app_context():
            faces = review_pictures(photos, SERVER).faces.values()
            person = store.enrol(NewPerson(identifier, identifier.title(), True), faces, SERVER)
        return f"/people/{person}"


class _Silent(WSGIRequestHandler):
    def log_request(self, *_facts: object) -> None:
        """Log nothing: guidance makes ten requests a second."""


@contextmanager
def served(
    engine: ml.Engine, instance: Path, artifacts: Path = ml.ARTIFACTS, seed: int | None = None
) -> Iterator[Site]:
    """Serve a fresh installation while the context lasts. A seed makes challenges predictable."""
    settings = Settings(
        instance=instance,
        artifacts=artifacts,
        password_cost=CHEAP,
        sign_in_limit=UNLIMITED,
        verify_limit=UNLIMITED,
        guidance_limit=UNLIMITED,
        log_level="WARNING",
        chance=SystemRandom if seed is None else partial(Random, seed),
    )
    with create_app(settings, engine).app_context():
        token = prepare()
    app = create_app(settings, engine)
    get_ready(app)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Site(f"http://127.0.0.1:{server.port}", f"/setup/{token}", app)
    server.shutdown()
    thread.join()

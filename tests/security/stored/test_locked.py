"""While another program holds SQLite's write lock, reads are answered at once."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from tests.security.accounts.test_access import path_of
from tests.support.changed import changed
from tests.support.installation import Visitor, as_file
from tests.support.programs import key_with
from webapp import create_app
from webapp.core.actor import SERVER
from webapp.db.deferred_writes import deferred_writes
from webapp.db.engine import BUSY_MS, db
from webapp.db.lock_watch import lock_watch
from webapp.db.models import Anchor, AuditEntry, Refusal, Scope
from webapp.services import audit, audit_verification
from webapp.services.matching.verification import verify
from webapp.settings import Settings
from webapp.startup import readiness

pytestmark = pytest.mark.sqlite


@pytest.fixture
def person(app: Flask, enrol, people) -> UUID:
    """Enrol and verify a person; that attempt has no number in the feed yet."""
    enrolled = enrol("ada", photos=1)
    assert verify("ada", [people[0].photos[2]], SERVER).match
    return enrolled


@pytest.fixture
def anchor(person: UUID) -> UUID:
    return db.session.scalars(select(Anchor.id)).one()


@pytest.fixture
def key(app: Flask) -> dict[str, str]:
    return {"Authorization": f"Bearer {key_with(Scope.ADMIN)}"}


class Lock:
    """Another program that holds the write lock."""

    def __init__(self, settings: Settings) -> None:
        file = settings.instance / "faces.db"
        self.connection = sqlite3.connect(file, isolation_level=None)
        self.connection.execute("BEGIN IMMEDIATE")

    def end(self) -> None:
        self.connection.execute("ROLLBACK")


@pytest.fixture
def lock(
    app: Flask, admin: Visitor, anchor: UUID, key: dict[str, str], settings: Settings
) -> Iterator[Lock]:
    db.session.rollback()
    held = Lock(settings)
    with closing(held.connection):
        yield held


def seconds_waited(began: tuple[float, float]) -> float:
    """Return the seconds for which this thread was idle."""
    return (time.monotonic() - began[0]) - (time.thread_time() - began[1])


def clocks() -> tuple[float, float]:
    return time.monotonic(), time.thread_time()


def test_every_page_and_list_is_read(
    app: Flask, lock: Lock, admin: Visitor, person: UUID, anchor: UUID, key: dict[str, str]
) -> None:
    read = 0
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.endpoint in {"static", "accounts.setup"}:
            continue
        path = path_of(rule).replace(str(UUID(int=0)), str(person), 1)
        path = path.replace(str(UUID(int=0)), str(anchor))
        began = clocks()
        answer = admin.get(path, headers=key if "/api/" in path else {})
        assert answer.status_code in {200, 302, 404, 410}, path
        assert seconds_waited(began) < BUSY_MS / 1000, path
        read += answer.status_code == 200
    assert read > 25


def test_pictures_are_detected_compared_and_checked(
    app: Flask, lock: Lock, anybody: Visitor, people, key: dict[str, str]
) -> None:
    photo = people[0].photos[0]
    with app.app_context():
        detected = app.test_client().post(
            "/api/v1/detect", data={"picture": as_file(0, photo)}, headers=key
        )
    with app.app_context():
        compared = app.test_client().post(
            "/api/v1/compare",
            data={"first": as_file(0, photo), "second": as_file(1, photo)},
            headers=key,
        )
    checked = anybody.post("/camera/check", {"frame": [photo]})

    assert [answer.status_code for answer in (detected, compared, checked)] == [200] * 3


def test_a_picture_that_cannot_be_used_is_explained_and_counted_later(
    app: Flask, lock: Lock, key: dict[str, str]
) -> None:
    sent = {"identifier": "ada", "pictures": as_file(0, b"no picture")}
    with app.app_context():
        answer = app.test_client().post("/api/v1/verify", data=sent, headers=key)
    assert (answer.status_code, answer.json["code"]) == (422, "not_an_image")

    lock.end()
    deferred_writes().flush()

    db.session.rollback()
    assert db.session.scalars(select(Refusal.code)).all() == ["not_an_image"]


def test_the_feed_continues_after_the_lock(app: Flask, lock: Lock, key: dict[str, str]) -> None:
    def feed() -> int:
        with app.app_context():
            return len(app.test_client().get("/api/v1/attempts", headers=key).json["items"])

    assert feed() == 0
    lock.end()
    assert feed() == 1


def test_reads_during_a_lock_are_audited_after_it(
    app: Flask, lock: Lock, admin: Visitor, person: UUID, anchor: UUID, key: dict[str, str]
) -> None:
    db.session.rollback()
    before = newest()
    picture = f"/people/{person}/anchors/{anchor}/picture"
    assert admin.get(picture).status_code == 200
    assert admin.get(f"/api/v1{picture}", headers=key).status_code == 200
    assert admin.get("/api/v1/nothing", headers=key).status_code == 404
    assert newest() == before
    lock.end()
    deferred_writes().flush()

    db.session.rollback()
    entries = list(audit.entries())[before:]
    assert [entry.event for entry in entries] == ["picture_seen", "picture_seen", "api_used"]
    assert all(entry.address == "127.0.0.1" for entry in entries)
    assert audit_verification.verify().problem is None


def newest() -> int:
    db.session.rollback()
    return db.session.scalar(select(db.func.max(AuditEntry.number))) or 0


def test_the_next_request_writes_pending_entries(
    app: Flask, lock: Lock, admin: Visitor, person: UUID, anchor: UUID
) -> None:
    before = newest()
    picture = f"/people/{person}/anchors/{anchor}/picture"
    admin.get(picture)
    lock.end()

    admin.get(picture)

    assert newest() == before + 2


def test_limits_count_during_a_lock_and_keep_earlier_counts(
    settings: Settings, engine, app: Flask, lock: Lock
) -> None:
    limited = changed(settings, sign_in_limit="3 per hour")
    visitor = Visitor(create_app(limited, engine))
    token = visitor.token()
    with visitor.client.application.app_context():
        statuses = [
            visitor.client.post("/sign-in", data={"csrf_token": token}).status_code
            for _ in range(4)
        ]

    assert statuses == [200, 200, 200, 429]


def test_the_app_is_ready_unless_the_lock_lasts(
    app: Flask, lock: Lock, anybody: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert anybody.get("/health/ready").json["ready"]
    monkeypatch.setattr(readiness, "MAX_LOCK", timedelta(0))
    assert anybody.get("/health/ready").json["obstacles"] == ["database"]

    lock.end()

    assert anybody.get("/health/ready").json["ready"]
    assert lock_watch().since is None

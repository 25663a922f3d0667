"""Nodes of the previous release serve a database that the next release has migrated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from flask import Flask
from flask_migrate import upgrade
from siamese_faces import Client
from sqlalchemy import MetaData

from tests.support.programs import URL, Wire, key_with, program
from tests.support.served.next_release import CONTRACT, EXPAND, VERSIONS, next_migrations
from webapp import create_app
from webapp.db.engine import db
from webapp.db.models import Scope
from webapp.db.schema_compatibility import incompatibilities
from webapp.settings import Settings
from webapp.startup.not_ready import NotReady
from webapp.startup.prepare import get_ready, prepare
from webapp.startup.readiness import obstacles
from webapp.startup.schema import MIGRATIONS

# Incompatibilities of the previous release with each version. These predate clusters of nodes.
# A further entry needs a release in between (docs/how-to/scale.md).
CONTRACTED = {
    "0003": {"threshold_change.previous_rule may not be empty"},
    "0004": {"account.session_number is missing"},
}
Updater = Callable[[str], None]


@pytest.fixture
def update(app: Flask, tmp_path: Path) -> Updater:
    """Migrate the database as the next release would, by one further migration."""

    def run(change: str) -> None:
        upgrade(directory=str(next_migrations(tmp_path, change)))

    return run


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Flask]:
    """Yield an app without tables."""
    (tmp_path / "empty").mkdir()
    app = create_app(Settings(instance=tmp_path / "empty"))
    with app.app_context():
        yield app
        db.engine.dispose()


def test_each_version_keeps_the_columns_of_the_previous_release(empty: Flask) -> None:
    before, found = MetaData(), {}
    for version in VERSIONS:
        upgrade(directory=str(MIGRATIONS), revision=version)
        with db.engine.connect() as connection:
            found[version] = set(incompatibilities(before, connection))
            before = MetaData()
            before.reflect(connection)

    assert {version: hindered for version, hindered in found.items() if hindered} == CONTRACTED


def test_requests_succeed_during_a_migration_and_a_node_can_restart(
    app: Flask, settings: Settings, engine, people, enrol, update: Updater
) -> None:
    enrol("ada", photos=1)
    key, matches, updated = key_with(Scope.VERIFY), [], Event()

    def verify() -> None:
        with program(app, key) as client:
            while not updated.is_set() or len(matches) < 4:
                matches.append(client.verify("ada", people[0].photos[1:2]).match)

    db.session.remove()
    with ThreadPoolExecutor() as pool:
        asking = pool.submit(verify)
        update(EXPAND)
        before_the_update = len(matches)
        updated.set()
        asking.result()

    assert all(matches)
    assert len(matches) > before_the_update
    assert obstacles(app) == set()
    restarted = create_app(settings, engine)
    get_ready(restarted)
    with restarted.app_context():
        prepare()
        assert Client(URL, key, Wire(restarted)).verify("ada", people[0].photos[1:2]).match
        db.session.remove()
        db.engine.dispose()


def test_a_release_does_not_serve_a_database_without_its_columns(
    app: Flask, update: Updater
) -> None:
    update(CONTRACT)

    assert obstacles(app) == {"database"}
    with pytest.raises(
        NotReady, match=r"database: api_key.replaced_at is missing\. Update this node"
    ):
        get_ready(app)

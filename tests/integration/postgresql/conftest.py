from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask

import ml
from tests.support.changed import changed
from webapp import create_app
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.settings import Settings
from webapp.startup.prepare import prepare


@pytest.fixture
def settings(postgresql_settings: Settings) -> Settings:
    """Return settings on PostgreSQL, whatever database other tests use."""
    return postgresql_settings


@pytest.fixture
def vector_settings(postgresql_settings: Settings) -> Settings:
    """Return settings by which PostgreSQL compares embeddings."""
    return changed(postgresql_settings, vectors_in_database=True)


@pytest.fixture
def prepared_app(settings: Settings, engine: ml.Engine) -> Iterator[Flask]:
    """Yield an app whose extension, vectors and index are prepared."""
    made = create_app(settings, engine)
    with made.app_context():
        prepare()
        yield made
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def two_people(app: Flask, known_faces: tuple[tuple[ml.Face, ...], ...]) -> list[UUID]:
    """Enrol two people, and return their ids."""
    return [
        store.enrol(NewPerson(f"person-{number}", f"Person {number}", True), faces, SERVER)
        for number, faces in enumerate(known_faces)
    ]

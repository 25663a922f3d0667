from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

import ml
from tests.support.changed import changed
from tests.support.small_model import TINY
from webapp import create_app
from webapp.db.engine import db
from webapp.settings import Settings


@pytest.fixture(scope="module")
def tiny(artifacts: Path) -> ml.Engine:
    return ml.load_engine(TINY, artifacts)


@pytest.fixture
def settings(settings: Settings, artifacts: Path) -> Settings:
    return changed(settings, artifacts=artifacts)


@pytest.fixture
def app(settings: Settings, engine: ml.Engine, tiny: ml.Engine) -> Iterator[Flask]:
    made = create_app(settings, engine, tiny)
    with made.app_context():
        yield made
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def ada(app: Flask, enrol):
    return enrol("ada", "Ada Lovelace")

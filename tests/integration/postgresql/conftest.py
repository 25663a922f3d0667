from __future__ import annotations

import pytest

from tests.support.installation import (
    admin,
    anybody,
    app,
    fresh_on_postgresql,
    known_faces,
    operator,
    operator_id,
    postgresql_settings,
)
from tests.support.postgresql import postgresql
from tests.support.small_model import artifacts
from webapp.settings import Settings

__all__ = [
    "admin",
    "anybody",
    "app",
    "artifacts",
    "fresh_on_postgresql",
    "known_faces",
    "operator",
    "operator_id",
    "postgresql",
    "postgresql_settings",
]


@pytest.fixture
def settings(postgresql_settings: Settings) -> Settings:
    """Everything here runs on PostgreSQL, whatever the other tests run on."""
    return postgresql_settings

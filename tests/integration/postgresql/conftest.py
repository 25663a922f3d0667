from __future__ import annotations

import pytest

from webapp.settings import Settings


@pytest.fixture
def settings(postgresql_settings: Settings) -> Settings:
    """Everything here runs on PostgreSQL, whatever the other tests run on."""
    return postgresql_settings

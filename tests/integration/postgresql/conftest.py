from __future__ import annotations

import pytest

from webapp.settings import Settings


@pytest.fixture
def settings(postgresql_settings: Settings) -> Settings:
    """Return settings on PostgreSQL, whatever database other tests use."""
    return postgresql_settings

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from webapp.core.actor import SERVER
from webapp.services.backup import backup as backups


@pytest.fixture
def ada(app: Flask, enrol):
    return enrol("ada", "Ada Lovelace")


@pytest.fixture
def bob(app: Flask, enrol):
    return enrol("bob", "Robert Bell")


@pytest.fixture
def monday(ada, bob, tmp_path: Path) -> Path:
    """Return a backup with Ada and Bob."""
    backups.back_up(tmp_path / "monday.backup", SERVER)
    return tmp_path / "monday.backup"

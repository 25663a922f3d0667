from tests.support.installation import (
    admin,
    anybody,
    app,
    closed_app,
    fresh_installation,
    fresh_on_postgresql,
    known_faces,
    operator,
    operator_id,
    postgresql_settings,
    settings,
    sqlite_settings,
    viewer,
)
from tests.support.postgresql import postgresql
from tests.support.small_model import artifacts

__all__ = [
    "admin",
    "anybody",
    "app",
    "artifacts",
    "closed_app",
    "fresh_installation",
    "fresh_on_postgresql",
    "known_faces",
    "operator",
    "operator_id",
    "postgresql",
    "postgresql_settings",
    "settings",
    "sqlite_settings",
    "viewer",
]

from tests.support.installation import (
    admin,
    anybody,
    app,
    fresh_installation,
    fresh_on_postgresql,
    known_faces,
    operator,
    postgresql_settings,
    settings,
    sqlite_settings,
)
from tests.support.postgresql import postgresql
from tests.support.programs import client

__all__ = [
    "admin",
    "anybody",
    "app",
    "client",
    "fresh_installation",
    "fresh_on_postgresql",
    "known_faces",
    "operator",
    "postgresql",
    "postgresql_settings",
    "settings",
    "sqlite_settings",
]

from tests.installation import (
    admin,
    anybody,
    app,
    fresh_installation,
    known_faces,
    operator,
    settings,
)
from tests.programs import client, description

__all__ = [
    "admin",
    "anybody",
    "app",
    "client",
    "description",
    "fresh_installation",
    "known_faces",
    "operator",
    "settings",
]

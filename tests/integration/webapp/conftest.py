from tests.installation import (
    admin,
    anybody,
    app,
    closed_app,
    fresh_installation,
    known_faces,
    operator,
    operator_id,
    settings,
    viewer,
)

__all__ = [
    "admin",
    "anybody",
    "app",
    "closed_app",
    "fresh_installation",
    "known_faces",
    "operator",
    "operator_id",
    "settings",
    "viewer",
]

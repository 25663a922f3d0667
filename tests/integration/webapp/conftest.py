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
from tests.small_model import artifacts

__all__ = [
    "admin",
    "anybody",
    "app",
    "artifacts",
    "closed_app",
    "fresh_installation",
    "known_faces",
    "operator",
    "operator_id",
    "settings",
    "viewer",
]

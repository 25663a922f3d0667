"""The terms that a person consents to, and their version."""

from __future__ import annotations

from webapp.settings import current_settings

# Increase when the text beside the tick-box changes what a person consents to.
CONSENT_VERSION = "2"


def terms_in_force() -> dict[str, object]:
    """Return the terms shown beside the tick-box: controller, purpose, retention in days."""
    settings = current_settings()
    return {
        "controller": settings.controller,
        "purpose": settings.purpose,
        "retention_days": settings.retention_days,
    }

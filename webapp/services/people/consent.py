"""What a person agrees to, and which wording of it."""

from __future__ import annotations

from webapp.settings import current_settings

# Rises when the words beside the tick-box change what a person agrees to.
CONSENT_VERSION = "2"


def terms_in_force() -> dict[str, object]:
    """What was shown beside the tick-box: who, what for, how long."""
    settings = current_settings()
    return {
        "controller": settings.controller,
        "purpose": settings.purpose,
        "retention_days": settings.retention_days,
    }

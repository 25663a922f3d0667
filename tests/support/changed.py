"""Settings of tests that differ from others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from webapp.settings import Settings


def changed(settings: Settings, **changes: object) -> Settings:
    """Return settings with some values changed."""
    return settings.model_copy(update=changes)

"""The privacy page: what is stored, why and how long, from the present settings."""

from __future__ import annotations

from flask import Blueprint, render_template

from webapp.services.people.consent import CONSENT_VERSION
from webapp.settings import current_settings
from webapp.web.access import public

blueprint = Blueprint("privacy", __name__)


@blueprint.get("/privacy")
@public
def index() -> str:
    """Context: settings, consent_version."""
    return render_template(
        "privacy/index.html", settings=current_settings(), consent_version=CONSENT_VERSION
    )

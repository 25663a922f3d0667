"""The privacy page: what is stored, why and how long, from the settings in force."""

from __future__ import annotations

from flask import Blueprint, render_template

from webapp.inference.active_model import recognition
from webapp.services.people.consent import CONSENT_VERSION
from webapp.web.access import public

blueprint = Blueprint("privacy", __name__)


@blueprint.get("/privacy")
@public
def index() -> str:
    """Context: settings, consent_version."""
    return render_template(
        "privacy/index.html", settings=recognition().settings, consent_version=CONSENT_VERSION
    )

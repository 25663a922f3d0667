"""The privacy page: what is stored, why and how long, from the settings in force."""

from __future__ import annotations

from flask import Blueprint, render_template

from webapp.access import public
from webapp.recognition import recognition
from webapp.services.consent import CONSENT_VERSION

blueprint = Blueprint("privacy", __name__)


@blueprint.get("/privacy")
@public
def index() -> str:
    """Context: settings, consent_version."""
    return render_template(
        "privacy/index.html", settings=recognition().settings, consent_version=CONSENT_VERSION
    )

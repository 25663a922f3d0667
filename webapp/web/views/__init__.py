"""Blueprints of the pages; views parse, call a service and render."""

from flask import Flask

from webapp.web.views import audit, models
from webapp.web.views.accounts import api_keys, own_account, sign_in
from webapp.web.views.attempts import attempts, statistics
from webapp.web.views.liveness import challenges, results, setting
from webapp.web.views.matching import capture_guidance, verify
from webapp.web.views.people import people, rights, self_service
from webapp.web.views.site import health, home, language, privacy
from webapp.web.views.thresholds import identification, per_person, verification

BLUEPRINTS = (
    home.blueprint,
    sign_in.blueprint,
    own_account.blueprint,
    api_keys.blueprint,
    audit.blueprint,
    self_service.blueprint,
    rights.blueprint,
    privacy.blueprint,
    language.blueprint,
    verify.blueprint,
    capture_guidance.blueprint,
    challenges.blueprint,
    results.blueprint,
    people.blueprint,
    verification.blueprint,
    per_person.blueprint,
    identification.blueprint,
    setting.blueprint,
    attempts.blueprint,
    statistics.blueprint,
    models.blueprint,
    health.blueprint,
)


def add_views(app: Flask) -> None:
    """Register every blueprint."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)

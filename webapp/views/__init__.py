"""One blueprint a place; views parse, call a service and render."""

from flask import Flask

from webapp.views import (
    account,
    accounts,
    api_keys,
    attempts,
    audit,
    camera,
    challenge_results,
    challenges,
    dashboard,
    health,
    home,
    language,
    liveness,
    models,
    own,
    people,
    person_data,
    person_threshold,
    privacy,
    search_threshold,
    threshold,
    verify,
)

BLUEPRINTS = (
    home.blueprint,
    accounts.blueprint,
    account.blueprint,
    api_keys.blueprint,
    audit.blueprint,
    own.blueprint,
    person_data.blueprint,
    privacy.blueprint,
    language.blueprint,
    verify.blueprint,
    camera.blueprint,
    challenges.blueprint,
    challenge_results.blueprint,
    people.blueprint,
    threshold.blueprint,
    person_threshold.blueprint,
    search_threshold.blueprint,
    liveness.blueprint,
    attempts.blueprint,
    dashboard.blueprint,
    models.blueprint,
    health.blueprint,
)


def add_views(app: Flask) -> None:
    """Register every blueprint."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)

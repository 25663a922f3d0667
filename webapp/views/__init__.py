"""One blueprint a place; views parse, call a service and render."""

from flask import Flask

from webapp.views import (
    account,
    accounts,
    attempts,
    camera,
    dashboard,
    health,
    home,
    models,
    people,
    person_threshold,
    search_threshold,
    threshold,
    verify,
)

BLUEPRINTS = (
    home.blueprint,
    accounts.blueprint,
    account.blueprint,
    verify.blueprint,
    camera.blueprint,
    people.blueprint,
    threshold.blueprint,
    person_threshold.blueprint,
    search_threshold.blueprint,
    attempts.blueprint,
    dashboard.blueprint,
    models.blueprint,
    health.blueprint,
)


def add_views(app: Flask) -> None:
    """Register every blueprint."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)

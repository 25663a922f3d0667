"""Endpoint for the health check."""

from __future__ import annotations

from flask import current_app

from webapp.api.blueprint import Blueprint
from webapp.api.schemas.health import HealthSchema
from webapp.startup import readiness

blueprint = Blueprint("health", "Health")


@blueprint.call("/health")
@blueprint.alt_response(503, schema=HealthSchema, description="The app is not ready.")
@blueprint.response(200, HealthSchema)
def health() -> tuple[dict[str, object], int]:
    """Check whether database, keys and model are usable.

    If they are not, `obstacles` names the ones that are not.
    """
    answer = readiness.health(current_app)
    return answer, 200 if answer["ready"] else 503

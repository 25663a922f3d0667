"""Is it ready?"""

from __future__ import annotations

from flask import current_app

from webapp.api.blueprint import Blueprint
from webapp.api.schemas.health import HealthSchema
from webapp.startup import readiness

blueprint = Blueprint("health", "Health")


@blueprint.call("/health")
@blueprint.alt_response(503, schema=HealthSchema, description="Something stands in the way.")
@blueprint.response(200, HealthSchema)
def health() -> tuple[dict[str, object], int]:
    """Whether database, keys and model can be used; otherwise the names of those that can't."""
    answer = readiness.health(current_app)
    return answer, 200 if answer["ready"] else 503

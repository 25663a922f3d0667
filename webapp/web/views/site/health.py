"""Health checks for monitoring: liveness and readiness."""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue

from webapp.extensions import limiter
from webapp.startup.readiness import health
from webapp.web.access import public

blueprint = Blueprint("health", __name__, url_prefix="/health")


@blueprint.get("/live")
@public
@limiter.exempt
def live() -> ResponseReturnValue:
    """Report that the process answers."""
    return jsonify(live=True)


@blueprint.get("/ready")
@public
@limiter.exempt
def ready() -> ResponseReturnValue:
    """Report whether database, keys and model are usable, or else which are not."""
    answer = health(current_app)
    return jsonify(answer), 200 if answer["ready"] else 503

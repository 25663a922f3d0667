"""For whatever watches over the app: is it alive, is it ready?"""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue

from webapp.access import public
from webapp.extensions import limiter
from webapp.recognition import recognition
from webapp.startup import obstacles

blueprint = Blueprint("health", __name__, url_prefix="/health")


@blueprint.get("/live")
@public
@limiter.exempt
def live() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(live=True)


@blueprint.get("/ready")
@public
@limiter.exempt
def ready() -> ResponseReturnValue:
    """Database, keys and model can be used; otherwise the names of those that can't.

    While the process reads who is enrolled, "warming" is among them, and how far it is beside them.
    """
    found, awaited = obstacles(current_app), recognition().awaited
    answer: dict[str, object] = {"ready": not found, "obstacles": sorted(found)}
    if awaited and awaited.reading:
        answer |= {"anchors": awaited.reading.anchors, "anchors_read": awaited.reading.done}
    return jsonify(answer), 503 if found else 200

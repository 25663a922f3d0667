"""Capture guidance for the camera; nothing is stored."""

from __future__ import annotations

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from webapp.extensions import frame_limiter
from webapp.messages import INSTRUCTIONS, describe, instruct
from webapp.services.enrolment.capture_guidance import FrameVerdict, check_frame, check_picture
from webapp.settings import current_settings
from webapp.web.access import verifier
from webapp.web.current_user import current_client
from webapp.web.limits.load_shedding import guides
from webapp.web.limits.request_bounds import PICTURE_BODY, takes

blueprint = Blueprint("camera", __name__)


def _guidance_limit() -> str:
    return current_settings().guidance_limit


@blueprint.post("/camera/check")
@verifier
@guides
@takes(PICTURE_BODY)
@frame_limiter.limit(_guidance_limit)
def check() -> ResponseReturnValue:
    """Fields: frame (a picture), purpose ("guide", or "picture" for a chosen file). JSON."""
    if "frame" not in request.files:
        abort(400)
    picture = request.files["frame"].read()
    guiding = request.form.get("purpose") != "picture"
    check = check_frame if guiding else check_picture
    seen = check(picture, current_client())
    return jsonify(
        faces=seen.faces,
        ok=seen.ok,
        reasons=seen.reasons,
        message=_words(seen, guiding=guiding),
        box=seen.box,
        yaw=seen.yaw,
        pitch=seen.pitch,
        ms=round(seen.milliseconds, 1),
    )


def _words(seen: FrameVerdict, *, guiding: bool) -> str:
    code = seen.reasons[0] if seen.reasons else "good"
    if guiding and code in INSTRUCTIONS:
        return instruct(code)
    return describe(code, seen.details) if seen.reasons else ""

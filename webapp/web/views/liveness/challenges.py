"""Endpoints of liveness challenges for the camera's script; JSON."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from webapp.api import problems
from webapp.db.engine import db
from webapp.db.models import Purpose
from webapp.errors.api import NetworkLimitReached
from webapp.errors.base import ServiceError
from webapp.errors.matching import MustWait
from webapp.extensions import frame_limiter, limiter
from webapp.messages import ask_for, describe
from webapp.services.liveness import challenges
from webapp.services.liveness.challenges import CHALLENGE_LIMITS
from webapp.services.liveness.prompts import Prompt
from webapp.settings import current_settings
from webapp.web import error_pages
from webapp.web.access import operator, verifier
from webapp.web.current_user import current_actor
from webapp.web.forms.fields import ClaimForm
from webapp.web.limits.load_shedding import limits_concurrency
from webapp.web.limits.request_bounds import FRAME_BODY, takes
from webapp.web.tokens import challenge_holder, read_challenge, sign_challenge

blueprint = Blueprint("challenges", __name__)
LONGEST_NUMBER = 6


def _verify_limit() -> str:
    return current_settings().verify_limit


def _guidance_limit() -> str:
    return current_settings().guidance_limit


@blueprint.errorhandler(ServiceError)
def refused(error: ServiceError) -> ResponseReturnValue:
    """Return the error, in words for the person in front of the camera."""
    db.session.rollback()
    details = error.details
    status, words = problems.status_of(error), describe(error.code, details)
    answer = error_pages.refused(status, code=error.code, message=words, **details)
    if isinstance(error, NetworkLimitReached):
        answer.status_code = status  # not normal use: the script requests far too often
    if isinstance(error, MustWait):
        answer.headers["Retry-After"] = str(details["seconds"])
    return answer


@blueprint.post("/challenges")
@verifier
@limiter.limit(_verify_limit)
def begin() -> ResponseReturnValue:
    """Fields: identifier. Returns the first prompt, and the token that each frame needs."""
    return _started(Purpose.VERIFY)


@blueprint.post("/challenges/enrolment")
@operator
@limiter.limit(_verify_limit)
def begin_enrolment() -> ResponseReturnValue:
    """Start a challenge before an enrolment; as `begin`."""
    return _started(Purpose.ENROL)


@blueprint.post("/challenges/frames")
@verifier
@limits_concurrency
@takes(FRAME_BODY)
@frame_limiter.limit(_guidance_limit)
def see() -> ResponseReturnValue:
    """Fields: challenge (token), number (from 1), frame (a picture). Returns the next prompt."""
    number = request.form.get("number", "")
    if "frame" not in request.files or not number.isdecimal() or len(number) > LONGEST_NUMBER:
        abort(400)
    picture = request.files["frame"].read(CHALLENGE_LIMITS.frame_bytes + 1)
    if len(picture) > CHALLENGE_LIMITS.frame_bytes:
        abort(413)
    return _answer(
        challenges.see(_challenge_id(), challenge_holder(), int(number), picture, current_actor())
    )


@blueprint.post("/challenges/passed")
@operator
@limiter.limit(_verify_limit)
def pass_enrolment() -> ResponseReturnValue:
    """Fields: challenge, identifier. Judges a challenge before an enrolment."""
    form = ClaimForm()
    if not form.validate():
        return _wrong(form)
    challenges.pass_for_enrolment(
        _challenge_id(), challenge_holder(), form.identifier.data, current_actor()
    )
    return jsonify(passed=True)


def _challenge_id() -> UUID:
    return read_challenge(request.form.get("challenge", ""))


def _started(purpose: Purpose) -> ResponseReturnValue:
    form = ClaimForm()
    if not form.validate():
        return _wrong(form)
    started = challenges.begin(form.identifier.data, challenge_holder(), current_actor(), purpose)
    return _answer(started.asked, challenge=sign_challenge(started.id), seconds=started.seconds)


def _wrong(form: ClaimForm) -> ResponseReturnValue:
    return error_pages.refused(422, code="invalid_request", message=form.identifier.errors[0])


def _answer(prompt: Prompt, **more: object) -> ResponseReturnValue:
    return jsonify(
        frame=prompt.frame,
        step=prompt.step,
        of=prompt.of,
        instruction=prompt.instruction,
        share=round(prompt.share, 3),
        hint=prompt.hint,
        light=prompt.light,
        message=ask_for(prompt.instruction, prompt.hint),
        **more,
    )

"""Verifying (1:1) and identifying (1:N)."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm

from ml import FaceError
from webapp.access import operator, verifier
from webapp.errors import GalleryWarming, ServiceError
from webapp.extensions import limiter
from webapp.forms import ChallengedForm, IdentifyForm, VerifyForm, WaivedForm
from webapp.messages import describe
from webapp.models import Purpose
from webapp.recognition import recognition
from webapp.request_bounds import PICTURE_BODY, takes
from webapp.services import identification, liveness, verification
from webapp.services.decisions import POOR_QUALITY, Decision
from webapp.signing import challenge_holder, read_challenge
from webapp.views.pictures import contents

blueprint = Blueprint("verify", __name__)


def _verify_limit() -> str:
    return recognition().settings.verify_limit


@blueprint.route("/verify", methods=["GET", "POST"])
@verifier
@takes(PICTURE_BODY)
@limiter.limit(_verify_limit, methods=["POST"])
def verify() -> ResponseReturnValue:
    """Context: form (identifier, frames or challenge), decision (or None), notes (words), guarded.

    `guarded` says whether movements are asked for; then pictures alone are refused. `light` says
    whether the page shines on the face meanwhile.
    """
    setting = liveness.in_force()
    guarded = setting.guards(Purpose.VERIFY)
    form = ChallengedForm() if guarded else VerifyForm()
    if request.method == "GET":
        form.identifier.data = request.args.get("identifier", "")
    decision = None
    if form.validate_on_submit():
        try:
            decision = _verified(form)
        except (FaceError, ServiceError) as error:
            _complain(form, error)
    return _answer("verify/verify.html", form, decision, guarded=guarded, light=setting.light)


@blueprint.route("/verify/without-movements", methods=["GET", "POST"])
@operator
@takes()
@limiter.limit(_verify_limit, methods=["POST"])
def without_movements() -> ResponseReturnValue:
    """Verify somebody whom an operator sees, though movements are asked for; context as `verify`.

    Besides, the form has `waiver`, the reason.
    """
    if not liveness.in_force().guards(Purpose.VERIFY):
        return redirect(url_for("verify.verify"))
    form = WaivedForm()
    decision = None
    if form.validate_on_submit():
        try:
            decision = verification.verify_without_challenge(
                form.identifier.data,
                contents(form.frames.data),
                form.waiver.data,
                current_user.id,
            )
        except (FaceError, ServiceError) as error:
            _complain(form, error)
    return _answer("verify/verify.html", form, decision, guarded=False)


@blueprint.route("/identify", methods=["GET", "POST"])
@operator
@takes()
@limiter.limit(_verify_limit, methods=["POST"])
def identify() -> ResponseReturnValue:
    """Context: form (frames), decision (Decision or None), notes (words)."""
    form = IdentifyForm()
    decision = None
    if form.validate_on_submit():
        try:
            decision = identification.identify(contents(form.frames.data), current_user.id)
        except (FaceError, ServiceError) as error:
            _complain(form, error)
    return _answer("verify/identify.html", form, decision)


def _verified(form: VerifyForm | ChallengedForm) -> Decision:
    asked_by = current_user.id if current_user.is_authenticated else None
    identifier = form.identifier.data
    if isinstance(form, ChallengedForm):
        challenge_id = read_challenge(form.challenge.data)
        decision = verification.verify_by_challenge(
            challenge_id, challenge_holder(), identifier, asked_by
        )
    else:
        decision = verification.verify(identifier, contents(form.frames.data), asked_by)
    return decision.told(in_detail=current_user.is_authenticated and current_user.is_operator)


def _complain(form: FlaskForm, error: FaceError | ServiceError) -> None:
    if isinstance(error, GalleryWarming):
        raise error  # nothing in the form is to be done better
    form.form_errors.append(describe(error.code, getattr(error, "details", None)))


def _answer(
    template: str, form: FlaskForm, decision: Decision | None, **context: object
) -> ResponseReturnValue:
    notes = _notes(decision) if decision else []
    page = render_template(template, form=form, decision=decision, notes=notes, **context)
    return page, 422 if form.errors else 200


def _notes(decision: Decision) -> list[str]:
    """Words for what is worth knowing; poor pictures explain a refusal, not a match."""
    if decision.match:
        return [describe(note) for note in decision.notes if note != POOR_QUALITY]
    return [describe(code) for code in dict.fromkeys((*decision.notes, *decision.reasons[:1]))]

"""Verifying (1:1) and identifying (1:N)."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ml import FaceError
from webapp.access import operator, verifier
from webapp.errors import ServiceError
from webapp.extensions import limiter
from webapp.forms import IdentifyForm, VerifyForm
from webapp.messages import describe
from webapp.recognition import recognition
from webapp.services import identification, verification
from webapp.services.decisions import POOR_QUALITY, Decision
from webapp.views.pictures import contents

blueprint = Blueprint("verify", __name__)


def _verify_limit() -> str:
    return recognition().settings.verify_limit


@blueprint.route("/verify", methods=["GET", "POST"])
@verifier
@limiter.limit(_verify_limit, methods=["POST"])
def verify() -> ResponseReturnValue:
    """Context: form (identifier, frames), decision (Decision or None), notes (words)."""
    form = VerifyForm()
    if request.method == "GET":
        form.identifier.data = request.args.get("identifier", "")
    decision = None
    if form.validate_on_submit():
        try:
            decision = _verified(form)
        except (FaceError, ServiceError) as error:
            _complain(form, error)
    return _answer("verify/verify.html", form, decision)


@blueprint.route("/identify", methods=["GET", "POST"])
@operator
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


def _verified(form: VerifyForm) -> Decision:
    signed_in = current_user.is_authenticated
    decision = verification.verify(
        form.identifier.data, contents(form.frames.data), current_user.id if signed_in else None
    )
    return decision if signed_in else decision.for_everyone()


def _complain(form: VerifyForm | IdentifyForm, error: FaceError | ServiceError) -> None:
    form.form_errors.append(describe(error.code, getattr(error, "details", None)))


def _answer(
    template: str, form: VerifyForm | IdentifyForm, decision: Decision | None
) -> ResponseReturnValue:
    notes = _notes(decision) if decision else []
    page = render_template(template, form=form, decision=decision, notes=notes)
    return page, 422 if form.errors else 200


def _notes(decision: Decision) -> list[str]:
    """Words for what is worth knowing; poor pictures explain a refusal, not a match."""
    if decision.match:
        return [describe(note) for note in decision.notes if note != POOR_QUALITY]
    return [describe(code) for code in (*decision.notes, *decision.reasons[:1])]

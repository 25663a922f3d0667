"""Verification (1:1) and identification (1:N): a form, and a page for each result."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from webapp.db.models import Purpose, ResultKind
from webapp.errors.matching import ResultOver
from webapp.extensions import limiter
from webapp.messages import describe
from webapp.services.liveness import setting as liveness
from webapp.services.matching import identification, verification
from webapp.services.matching.decision import POOR_QUALITY, MatchDecision
from webapp.settings import current_settings
from webapp.web.access import operator, verifier
from webapp.web.current_user import current_actor
from webapp.web.forms.fields import ChallengedForm, IdentifyForm, PageForm, VerifyForm, WaivedForm
from webapp.web.limits.request_bounds import PICTURE_BODY, takes
from webapp.web.tokens import challenge_holder, read_challenge
from webapp.web.views.matching import results
from webapp.web.views.people.photos import contents

blueprint = Blueprint("verify", __name__)


def _verify_limit() -> str:
    return current_settings().verify_limit


@blueprint.errorhandler(ResultOver)
def over(_error: ResultOver) -> ResponseReturnValue:
    """Offer to start again in place of an expired result."""
    searched = request.endpoint == "verify.identified"
    return results.over(url_for("verify.identify" if searched else "verify.verify"))


@blueprint.route("/verify", methods=["GET", "POST"])
@verifier
@takes(PICTURE_BODY)
@limiter.limit(_verify_limit, methods=["POST"])
def verify() -> ResponseReturnValue:
    """Context: form (identifier, frames or challenge), guarded, light.

    `guarded` is whether a challenge is required; then pictures alone are rejected. `light` is
    whether the page lights the face. `?identifier=…` fills in the field, `?again=…` does so from a
    result.
    """
    setting = liveness.in_force()
    guarded = setting.requires_challenge(Purpose.VERIFY)
    form = ChallengedForm() if guarded else VerifyForm()
    if form.validate_on_submit():
        return _to_result(lambda: _verified(form), form)
    return _page("verify/verify.html", form, guarded=guarded, light=setting.light)


@blueprint.route("/verify/without-movements", methods=["GET", "POST"])
@operator
@takes()
@limiter.limit(_verify_limit, methods=["POST"])
def without_movements() -> ResponseReturnValue:
    """Verify without a required challenge, for an operator who sees the person.

    Context as `verify`; the form has `waiver`, the reason, as well.
    """
    if not liveness.in_force().requires_challenge(Purpose.VERIFY):
        return redirect(url_for("verify.verify"))
    form = WaivedForm()
    if form.validate_on_submit():
        return _to_result(lambda: _waived(form), form, waiver=form.waiver.data)
    return _page("verify/verify.html", form, guarded=False)


@blueprint.get("/verify/result/<uuid:result_id>")
@verifier
def verified(result_id: UUID) -> str:
    """Context: result_id, identifier, waiver, decision and notes (words), or refusal."""
    kept = results.find(ResultKind.VERIFICATION, result_id)
    ways = {"again": "verify.without_movements" if kept["waiver"] else "verify.verify"}
    return _result_page("verify/verified.html", kept, result_id=result_id, **ways)


@blueprint.route("/identify", methods=["GET", "POST"])
@operator
@takes()
@limiter.limit(_verify_limit, methods=["POST"])
def identify() -> ResponseReturnValue:
    """Context: form (frames)."""
    form = IdentifyForm()
    if form.validate_on_submit():
        result_id = results.decided(
            ResultKind.IDENTIFICATION,
            lambda: identification.identify(contents(form.frames.data), current_actor()),
        )
        return results.lead_to(url_for("verify.identified", result_id=result_id))
    return _page("verify/identify.html", form)


@blueprint.get("/identify/result/<uuid:result_id>")
@operator
def identified(result_id: UUID) -> str:
    """Context: decision and notes (words), or refusal."""
    kept = results.find(ResultKind.IDENTIFICATION, result_id)
    return _result_page("verify/identified.html", kept, again="verify.identify")


def _verified(form: VerifyForm | ChallengedForm) -> MatchDecision:
    identifier, actor = form.identifier.data, current_actor()
    if isinstance(form, ChallengedForm):
        challenge_id = read_challenge(form.challenge.data)
        decision = verification.verify_by_challenge(
            challenge_id, challenge_holder(), identifier, actor
        )
    else:
        decision = verification.verify(identifier, contents(form.frames.data), actor)
    return decision.for_reader(in_detail=current_user.is_authenticated and current_user.is_operator)


def _waived(form: WaivedForm) -> MatchDecision:
    return verification.verify_without_challenge(
        form.identifier.data, contents(form.frames.data), form.waiver.data, current_actor()
    )


def _to_result(
    decide: results.Decide, form: VerifyForm | ChallengedForm, waiver: str = ""
) -> ResponseReturnValue:
    fields = {"identifier": form.identifier.data, "waiver": waiver}
    result_id = results.decided(ResultKind.VERIFICATION, decide, **fields)
    return results.lead_to(url_for("verify.verified", result_id=result_id))


def _page(template: str, form: PageForm, **context: object) -> ResponseReturnValue:
    if form.is_untouched:
        form.process(data=_initial_fields())
    return render_template(template, form=form, **context)


def _initial_fields() -> Mapping[str, Any]:
    """Return the form's initial fields: an identifier from the address, or those of a result."""
    result_id = request.args.get("again", type=UUID)
    with suppress(ResultOver):
        if result_id:
            return results.find(ResultKind.VERIFICATION, result_id)
    return {"identifier": request.args.get("identifier", "")}


def _result_page(template: str, kept: Mapping[str, Any], **context: object) -> str:
    refusal, decision = kept.get("refusal"), kept.get("decision")
    return render_template(
        template,
        identifier=kept.get("identifier"),
        decision=decision,
        notes=_notes(decision) if decision else [],
        refusal=refusal,
        seconds_left=results.seconds_left(refusal) if refusal else 0,
        describe=describe,
        **context,
    )


def _notes(decision: Mapping[str, Any]) -> list[str]:
    """Return the texts of the notes; poor pictures explain a rejection, not a match."""
    if decision["match"]:
        return [describe(note) for note in decision["notes"] if note != POOR_QUALITY]
    codes = (*decision["notes"], *decision["reasons"][:1])
    return [describe(code) for code in dict.fromkeys(codes)]

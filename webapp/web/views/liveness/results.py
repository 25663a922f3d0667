"""Results of liveness challenges, for operators: list, view, label."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.errors.liveness import ChallengeUnknown
from webapp.messages import MOVEMENTS, explain_challenge
from webapp.services.liveness import results
from webapp.web.access import operator
from webapp.web.current_user import current_actor
from webapp.web.error_pages import answer
from webapp.web.forms.liveness import LABELS, STRENGTH_WORDS, LabelForm

blueprint = Blueprint("challenge_results", __name__, url_prefix="/attempts/movements")


@blueprint.errorhandler(ChallengeUnknown)
def unknown(_error: ChallengeUnknown) -> ResponseReturnValue:
    """Answer 404 for a result that does not exist."""
    return answer(404, back=url_for("challenge_results.index"))


@blueprint.get("")
@operator
def index() -> str:
    """Context: page (Page of ResultRow), labels, movements (words)."""
    page = results.list_results(request.args.get("page", 1, type=int))
    return render_template(
        "challenge_results/index.html", page=page, labels=LABELS, movements=MOVEMENTS
    )


@blueprint.get("/<uuid:result_id>")
@operator
def show(result_id: UUID) -> str:
    """Context: row (ResultRow), form (label), words of codes."""
    row = results.find(result_id)
    return render_template(
        "challenge_results/show.html",
        row=row,
        form=LabelForm(label=row.label or ""),
        movements=MOVEMENTS,
        strengths=STRENGTH_WORDS,
        explain=explain_challenge,
    )


@blueprint.post("/<uuid:result_id>/label")
@operator
def label(result_id: UUID) -> ResponseReturnValue:
    """Label what was presented to the camera."""
    form = LabelForm()
    if form.validate_on_submit():
        results.label(result_id, form.label.data or None, current_actor())
        flash(_("The label is kept."), "success")
    return redirect(url_for("challenge_results.show", result_id=result_id))

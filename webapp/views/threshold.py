"""The threshold: seen and changed."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from webapp.access import admin
from webapp.forms import ThresholdForm
from webapp.services import thresholds

blueprint = Blueprint("threshold", __name__)


@blueprint.route("/threshold", methods=["GET", "POST"])
@admin
def edit() -> ResponseReturnValue:
    """Context: form (score, reason), threshold (Threshold in force), history (Changes)."""
    form = ThresholdForm()
    if form.validate_on_submit() and form.score.data is not None:
        thresholds.change(form.score.data, form.reason.data, current_user.id)
        flash(_("The threshold is changed. It counts from now on."), "success")
        return redirect(url_for("threshold.edit"))
    threshold = thresholds.in_force()
    if not form.is_submitted():
        form.score.data = round(threshold.score, 1)
    page = render_template(
        "threshold/edit.html", form=form, threshold=threshold, history=thresholds.history()
    )
    return page, 422 if form.errors else 200

"""The threshold: what it costs, seen and changed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from webapp.access import admin
from webapp.charts import RateChart
from webapp.errors import ThresholdChangedMeanwhile
from webapp.forms import ThresholdForm
from webapp.messages import describe
from webapp.services import threshold_cost, thresholds
from webapp.services.threshold_cost import AUTHENTICATOR_FAR, Cost
from webapp.views import threshold_words

blueprint = Blueprint("threshold", __name__)
TABLE_SCORES = range(0, 101, 5)


@blueprint.route("/threshold", methods=["GET", "POST"])
@admin
def edit() -> ResponseReturnValue:
    """Context: form (score, reason), threshold (in force), history, cost and what it rests on.

    `?score=…` shows what another score would cost; nothing changes by it.
    """
    form = ThresholdForm()
    if form.validate_on_submit() and form.score.data is not None:
        try:
            thresholds.change(
                form.score.data, form.reason.data, current_user.id, form.based_on.data
            )
        except ThresholdChangedMeanwhile as error:
            form.based_on.errors = [describe(error.code)]
        else:
            flash(_("The threshold is changed. It counts from now on."), "success")
            return redirect(url_for("threshold.edit"))
    return _page(form), 422 if form.errors else 200


def _page(form: ThresholdForm) -> str:
    threshold = thresholds.in_force()
    if not form.is_submitted():
        form.preview(request.args, otherwise=round(threshold.score, 1))
    anchors = threshold_cost.typical_anchors()
    costs = threshold_cost.costs_of(threshold, anchors)
    entered = form.score.data if form.score.data is not None and not form.score.errors else None
    corners = costs.corners()
    return render_template(
        "threshold/edit.html",
        form=form,
        threshold=threshold,
        newest_number=thresholds.newest_number(),
        history=thresholds.history(),
        words=threshold_words,
        curve=costs.curve,
        typical_anchors=anchors,
        cost=costs.at(threshold.score if entered is None else entered),
        cost_in_force=costs.at(threshold.score),
        presets=costs.presets(),
        rate_chart=RateChart(),
        corners=corners,
        table_costs=[costs.at(score) for score in TABLE_SCORES],
        for_scripts=_for_scripts(corners),
    )


def _for_scripts(corners: tuple[Cost, ...]) -> dict[str, Any]:
    """What the page's script needs to say the cost of any score."""
    return {
        "corners": [asdict(corner) for corner in corners],
        "authenticator_far": AUTHENTICATOR_FAR,
        "words": threshold_words.for_scripts(),
    }

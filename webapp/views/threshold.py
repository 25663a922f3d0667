"""Everybody's threshold: what it costs, seen and changed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from webapp.access import admin
from webapp.charts import DetChart, HistogramChart, RateChart, place_at
from webapp.errors import ThresholdChangedMeanwhile
from webapp.messages import describe
from webapp.recognition import recognition
from webapp.services import lookalikes, redecisions, searches, threshold_cost, thresholds
from webapp.services.own_scores import OwnScores, own_scores, people_needed
from webapp.services.threshold_cost import AUTHENTICATOR_FAR, Costs, spread
from webapp.services.thresholds import Threshold
from webapp.threshold_forms import ThresholdForm
from webapp.views import threshold_words

blueprint = Blueprint("threshold", __name__)
TABLE_SCORES = range(0, 101, 5)


@blueprint.route("/threshold", methods=["GET", "POST"])
@admin
def edit() -> ResponseReturnValue:
    """Context: form (score, reason, rule), threshold in force, history, what scores cost.

    `?score=…` shows what another score would cost, `?rule=…` another matching rule,
    `?calibrate=people` what the people enrolled here suggest; nothing changes by them.
    """
    form = ThresholdForm()
    if form.validate_on_submit() and form.score.data is not None:
        try:
            if form.review.data:
                thresholds.check_based_on(form.based_on.data)
                return _review(form)
            thresholds.change(
                form.score.data,
                form.reason.data,
                current_user.id,
                form.based_on.data,
                form.rule.data or None,
            )
        except ThresholdChangedMeanwhile as error:
            form.based_on.errors = [describe(error.code)]
        else:
            flash(_("The threshold is changed. It counts from now on."), "success")
            return redirect(url_for("threshold.edit"))
    page = _page(form)
    return page, 422 if form.errors else 200


@blueprint.get("/threshold/pairs")
@admin
def pairs() -> str:
    """Context: trouble (Trouble)."""
    return render_template("threshold/pairs.html", trouble=lookalikes.find_trouble())


def _page(form: ThresholdForm) -> str:
    threshold, anchors = thresholds.in_force(), threshold_cost.typical_anchors()
    in_force = threshold_cost.costs_of(threshold, anchors).at(threshold.score)
    costs = threshold_cost.costs_by(_rule(form, threshold), anchors)
    own = own_scores(costs.curve.rule)
    suggested = threshold.score
    if costs.curve.rule != threshold.rule:
        suggested = costs.equivalent(in_force)
    proposal = own.proposal() if own and "calibrate" in request.args else None
    if not form.is_submitted():
        otherwise = proposal.score if proposal else round(suggested, 1)
        form.preview(request.args, otherwise=otherwise)
    entered = form.score.data if form.score.data is not None and not form.score.errors else None
    score = suggested if entered is None else entered
    return render_template(
        "threshold/edit.html",
        form=form,
        threshold=threshold,
        newest_number=thresholds.newest_number(),
        history=thresholds.history(),
        words=threshold_words,
        rules=thresholds.rules(),
        curve=costs.curve,
        typical_anchors=anchors,
        cost=costs.at(score),
        cost_in_force=in_force,
        presets=costs.presets(),
        rate_chart=RateChart(),
        corners=costs.corners(),
        table_costs=[costs.at(score) for score in TABLE_SCORES],
        search=searches.in_force(),
        proposal=proposal,
        default_far=costs.calibration.default_far,
        people_needed=people_needed(costs.calibration.default_far),
        for_scripts=_for_scripts(costs, own),
        **_spread_context(costs, score, threshold),
        **_own_context(own, score),
    )


def _rule(form: ThresholdForm, threshold: Threshold) -> str:
    """The matching rule that the page is about."""
    if not form.is_submitted():
        form.preview_rule(request.args)
    if form.rule.errors or not form.rule.data:
        form.rule.data = threshold.rule
    return form.rule.data


def _spread_context(costs: Costs, score: float, threshold: Threshold) -> dict[str, Any]:
    """Histogram and trade-off; the points are None outside of what the data supports."""
    det, corners = DetChart(), costs.corners()
    in_force = costs if costs.curve.rule == threshold.rule else None
    places = det.places(corners)
    calibration, histogram = costs.calibration, costs.calibration.histogram
    return {
        "histogram": histogram and HistogramChart(histogram=histogram, calibration=calibration),
        "spreads": spread(histogram, calibration) if histogram else (),
        "det": det,
        "det_places": places,
        "det_in_force": place_at(places, threshold.score) if in_force else None,
        "det_looked_at": place_at(places, score),
    }


def _own_context(own: OwnScores | None, score: float) -> dict[str, Any]:
    if own is None:
        return {"own": None}
    calibration = own.costs.calibration
    return {
        "own": own,
        "own_cost": own.costs.at(score),
        "own_histogram": HistogramChart(histogram=own.histogram, calibration=calibration),
        "own_spreads": spread(own.histogram, calibration),
    }


def _review(form: ThresholdForm) -> str:
    """What a change would do, before it counts."""
    threshold, anchors = thresholds.in_force(), threshold_cost.typical_anchors()
    rule, score = _rule(form, threshold), float(form.score.data or 0)
    after = Threshold(recognition().engine.calibration.similarity(score), score, rule)
    own = own_scores(rule)
    return render_template(
        "threshold/review.html",
        form=form,
        before=threshold,
        after=after,
        cost_before=threshold_cost.costs_of(threshold, anchors).at(threshold.score),
        cost_after=threshold_cost.costs_by(rule, anchors).at(score),
        own=own,
        own_cost=own.costs.at(score) if own else None,
        redecisions=redecisions.by_threshold(after),
        words=threshold_words,
    )


def _for_scripts(costs: Costs, own: OwnScores | None) -> dict[str, Any]:
    """What the page's script needs to say the cost of any score, and to draw where it stands."""
    calibration, histograms = costs.calibration, {}
    if calibration.histogram:
        histograms["histogram"] = calibration.histogram
    if own:
        histograms["own-histogram"] = own.histogram
    corners = costs.corners()
    return {
        "corners": [asdict(corner) for corner in corners],
        "own_corners": [asdict(corner) for corner in own.costs.corners()] if own else [],
        "authenticator_far": AUTHENTICATOR_FAR,
        "places": {
            "det": DetChart().places(corners),
            **{
                name: HistogramChart(histogram=histogram, calibration=calibration).places
                for name, histogram in histograms.items()
            },
        },
        "words": threshold_words.for_scripts(),
    }

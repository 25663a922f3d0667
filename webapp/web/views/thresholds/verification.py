"""The common verification threshold: error rates, view and change."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from webapp.errors.thresholds import ConfirmationNeeded, SettingConflict
from webapp.inference.active_model import active_model
from webapp.messages import describe
from webapp.services.people import similar_people
from webapp.services.thresholds import error_rates, identification, replay, verification
from webapp.services.thresholds.dangers import MOST_REFUSED, MOST_STRANGERS
from webapp.services.thresholds.error_rates import AUTHENTICATOR_FAR, Cost, Costs, spread
from webapp.services.thresholds.local_population import OwnScores, own_scores, people_needed
from webapp.services.thresholds.verification import Threshold
from webapp.web.access import admin
from webapp.web.charts.error_rates import DetChart, HistogramChart, RateChart, place_at
from webapp.web.current_user import current_actor
from webapp.web.forms.reviews import lead_to_review, reviewed_form
from webapp.web.forms.thresholds import ThresholdForm
from webapp.web.resumed_forms import typed_before
from webapp.web.views.thresholds.uncalibrated import explain_on
from webapp.web.wording import thresholds as threshold_words

blueprint = Blueprint("threshold", __name__)
explain_on(blueprint)
TABLE_SCORES = range(0, 101, 5)


@blueprint.route("/threshold", methods=["GET", "POST"])
@admin
def edit() -> ResponseReturnValue:
    """Context: form (score, reason, rule), threshold in force, history, error rates.

    `?score=…` shows the error rates of another score, `?rule=…` another matching rule,
    `?calibrate=people` what the people enrolled here suggest. None of them changes anything.
    """
    form = ThresholdForm()
    if form.validate_on_submit() and form.score.data is not None:
        try:
            if form.review.data:
                verification.check_based_on(form.based_on.data)
                return lead_to_review("threshold.review", form)
            verification.change(
                form.score.data,
                form.reason.data,
                current_actor(),
                form.based_on.data,
                form.rule.data or None,
                confirmed=form.is_confirmed,
            )
        except ConfirmationNeeded:
            return lead_to_review("threshold.review", form, unconfirmed=True)
        except SettingConflict as error:
            form.based_on.errors = [describe(error.code)]
        else:
            flash(_("The threshold is changed. It counts from now on."), "success")
            return redirect(url_for("threshold.edit"))
    return _page(form)


@blueprint.get("/threshold/review")
@admin
def review() -> ResponseReturnValue:
    """Show the effect of the threshold in the address, before it takes effect."""
    form = reviewed_form(ThresholdForm)
    try:
        if form and form.score.data is not None:
            verification.check_based_on(form.based_on.data)
            return _review(form)
    except SettingConflict as error:
        flash(describe(error.code), "error")
    return redirect(url_for("threshold.edit", score=request.args.get("score")))


@blueprint.get("/threshold/pairs")
@admin
def pairs() -> str:
    """Context: trouble (ReviewList)."""
    return render_template("threshold/pairs.html", trouble=similar_people.build_review_list())


@dataclass(frozen=True)
class _Preview:
    """Error rates of a matching rule, beside the threshold in force.

    Attributes:
        threshold: threshold in force.
        cost_in_force: its error rates by its own rule.
        costs: error rates by the previewed rule.
        own: scores of the people enrolled here by that rule; None for fewer than two.
        suggested: the score in force; for another rule, the score with the same FAR.
    """

    threshold: Threshold
    cost_in_force: Cost
    costs: Costs
    own: OwnScores | None
    suggested: float

    @classmethod
    def at(cls, rule: str) -> _Preview:
        """Build the preview of a matching rule, for the median number of anchors."""
        threshold, anchors = verification.in_force(), error_rates.typical_anchors()
        in_force = error_rates.costs_of(threshold, anchors).at(threshold.score)
        costs = error_rates.costs_by(rule, anchors)
        suggested = threshold.score if rule == threshold.rule else costs.equivalent(in_force)
        return cls(threshold, in_force, costs, own_scores(rule), suggested)

    @property
    def is_in_force(self) -> bool:
        """Whether the previewed rule is the one in force."""
        return self.costs.curve.rule == self.threshold.rule


def _page(form: ThresholdForm) -> str:
    preview = _Preview.at(_rule(form))
    proposal = preview.own.proposal() if preview.own and "calibrate" in request.args else None
    if not form.is_submitted():
        otherwise = proposal.score if proposal else round(preview.suggested, 1)
        form.preview(_preview_query(), otherwise=otherwise)
    score = form.score.data
    if score is None or form.score.errors:
        score = preview.suggested
    costs = preview.costs
    return render_template(
        "threshold/edit.html",
        form=form,
        threshold=preview.threshold,
        newest_number=verification.newest_number(),
        history=verification.history(),
        words=threshold_words,
        rules=verification.rules(),
        curve=costs.curve,
        anchors_behind=costs.anchors_behind,
        typical_anchors=error_rates.typical_anchors(),
        cost=costs.at(score),
        dangers=costs.at(score).dangers,
        dangers_in_force=preview.cost_in_force.dangers,
        cost_in_force=preview.cost_in_force,
        model=active_model().engine.description,
        presets=costs.presets(),
        table_costs=[costs.at(score) for score in TABLE_SCORES],
        search=identification.in_force(),
        proposal=proposal,
        default_far=costs.calibration.default_far,
        people_needed=people_needed(costs.calibration.default_far),
        for_scripts=_for_scripts(preview),
        **_drawings(preview, score),
        **_own(preview.own, score),
    )


def _preview_query() -> MultiDict[str, str]:
    """Return the previewed score and rule: what was typed earlier, or the address's query."""
    typed = typed_before()
    return request.args if typed is None else typed


def _rule(form: ThresholdForm) -> str:
    """Return the matching rule of the page: the one in force, or the previewed one."""
    if not form.is_submitted():
        form.preview_rule(_preview_query())
    if form.rule.errors or not form.rule.data:
        form.rule.data = verification.in_force().rule
    return form.rule.data


def _drawings(preview: _Preview, score: float) -> dict[str, Any]:
    """Return rates, histogram and trade-off; a point is None outside of the supported range."""
    det, corners = DetChart(), preview.costs.corners()
    places = det.places(corners)
    calibration = preview.costs.calibration
    histogram = calibration.histogram
    return {
        "rate_chart": RateChart(),
        "corners": corners,
        "histogram": HistogramChart(histogram=histogram, calibration=calibration),
        "spreads": spread(histogram, calibration),
        "det": det,
        "det_places": places,
        "det_in_force": place_at(places, preview.threshold.score) if preview.is_in_force else None,
        "det_looked_at": place_at(places, score),
    }


def _own(own: OwnScores | None, score: float) -> dict[str, Any]:
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
    preview, score = _Preview.at(_rule(form)), float(form.score.data or 0)
    calibration = preview.costs.calibration
    after = Threshold(calibration.similarity(score), score, preview.costs.curve.rule)
    return render_template(
        "threshold/review.html",
        form=form,
        before=preview.threshold,
        after=after,
        cost_before=preview.cost_in_force,
        cost_after=preview.costs.at(score),
        dangers=preview.costs.at(score).dangers,
        model=active_model().engine.description,
        own=preview.own,
        own_cost=preview.own and preview.own.costs.at(score),
        redecisions=replay.by_threshold(after),
        words=threshold_words,
    )


def _for_scripts(preview: _Preview) -> dict[str, Any]:
    """Return what the page's script needs to describe any score's error rates and to draw it."""
    calibration, corners = preview.costs.calibration, preview.costs.corners()
    drawn = {"histogram": calibration.histogram}
    if preview.own:
        drawn["own-histogram"] = preview.own.histogram
    return {
        "corners": [asdict(corner) for corner in corners],
        "own_corners": [asdict(one) for one in preview.own.costs.corners()] if preview.own else [],
        "authenticator_far": AUTHENTICATOR_FAR,
        "dangerous": {"strangers": MOST_STRANGERS, "genuine": MOST_REFUSED},
        "places": {
            "det": DetChart().places(corners),
            **{
                name: HistogramChart(histogram=histogram, calibration=calibration).places
                for name, histogram in drawn.items()
            },
        },
        "words": threshold_words.for_scripts(),
    }

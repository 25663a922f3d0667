"""Everybody's threshold: what it costs, seen and changed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
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
    """Context: form (score, reason, rule), threshold in force, history, what scores cost.

    `?score=…` shows what another score would cost, `?rule=…` another matching rule,
    `?calibrate=people` what the people enrolled here suggest; nothing changes by them.
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
                current_user.id,
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
    """What the change that the address names would do, before it counts."""
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
    """Context: trouble (Trouble)."""
    return render_template("threshold/pairs.html", trouble=similar_people.build_review_list())


@dataclass(frozen=True)
class _Look:
    """What the page looks at.

    Attributes:
        threshold: in force.
        cost_in_force: what that costs by its own rule.
        costs: by the matching rule looked at.
        own: what the people enrolled here say by that rule.
        suggested: the score in force, or by another rule the one that lets as few strangers pass.
    """

    threshold: Threshold
    cost_in_force: Cost
    costs: Costs
    own: OwnScores | None
    suggested: float

    @classmethod
    def at(cls, rule: str) -> _Look:
        """By a matching rule, for people with as many anchors as they have here."""
        threshold, anchors = verification.in_force(), error_rates.typical_anchors()
        in_force = error_rates.costs_of(threshold, anchors).at(threshold.score)
        costs = error_rates.costs_by(rule, anchors)
        suggested = threshold.score if rule == threshold.rule else costs.equivalent(in_force)
        return cls(threshold, in_force, costs, own_scores(rule), suggested)

    @property
    def is_in_force(self) -> bool:
        """Whether the rule looked at is the one in force."""
        return self.costs.curve.rule == self.threshold.rule


def _page(form: ThresholdForm) -> str:
    look = _Look.at(_rule(form))
    proposal = look.own.proposal() if look.own and "calibrate" in request.args else None
    if not form.is_submitted():
        form.preview(_asked(), otherwise=proposal.score if proposal else round(look.suggested, 1))
    score = look.suggested if form.score.data is None or form.score.errors else form.score.data
    costs = look.costs
    return render_template(
        "threshold/edit.html",
        form=form,
        threshold=look.threshold,
        newest_number=verification.newest_number(),
        history=verification.history(),
        words=threshold_words,
        rules=verification.rules(),
        curve=costs.curve,
        anchors_behind=costs.anchors_behind,
        typical_anchors=error_rates.typical_anchors(),
        cost=costs.at(score),
        dangers=costs.at(score).dangers,
        dangers_in_force=look.cost_in_force.dangers,
        cost_in_force=look.cost_in_force,
        model=active_model().engine.description,
        presets=costs.presets(),
        table_costs=[costs.at(score) for score in TABLE_SCORES],
        search=identification.in_force(),
        proposal=proposal,
        default_far=costs.calibration.default_far,
        people_needed=people_needed(costs.calibration.default_far),
        for_scripts=_for_scripts(look),
        **_drawings(look, score),
        **_own(look.own, score),
    )


def _asked() -> MultiDict[str, str]:
    """What the page is asked about: by what was typed before, or by its address."""
    typed = typed_before()
    return request.args if typed is None else typed


def _rule(form: ThresholdForm) -> str:
    """The matching rule that the page is about: the one in force, unless another is asked for."""
    if not form.is_submitted():
        form.preview_rule(_asked())
    if form.rule.errors or not form.rule.data:
        form.rule.data = verification.in_force().rule
    return form.rule.data


def _drawings(look: _Look, score: float) -> dict[str, Any]:
    """Rates, histogram and trade-off; a point is None outside of what the data supports."""
    det, corners = DetChart(), look.costs.corners()
    places = det.places(corners)
    calibration, histogram = look.costs.calibration, look.costs.calibration.histogram
    return {
        "rate_chart": RateChart(),
        "corners": corners,
        "histogram": HistogramChart(histogram=histogram, calibration=calibration),
        "spreads": spread(histogram, calibration),
        "det": det,
        "det_places": places,
        "det_in_force": place_at(places, look.threshold.score) if look.is_in_force else None,
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
    look, score = _Look.at(_rule(form)), float(form.score.data or 0)
    calibration = look.costs.calibration
    after = Threshold(calibration.similarity(score), score, look.costs.curve.rule)
    return render_template(
        "threshold/review.html",
        form=form,
        before=look.threshold,
        after=after,
        cost_before=look.cost_in_force,
        cost_after=look.costs.at(score),
        dangers=look.costs.at(score).dangers,
        model=active_model().engine.description,
        own=look.own,
        own_cost=look.own and look.own.costs.at(score),
        redecisions=replay.by_threshold(after),
        words=threshold_words,
    )


def _for_scripts(look: _Look) -> dict[str, Any]:
    """What the page's script needs to say the cost of any score, and to draw where it stands."""
    calibration, corners = look.costs.calibration, look.costs.corners()
    drawn = {"histogram": calibration.histogram}
    if look.own:
        drawn["own-histogram"] = look.own.histogram
    return {
        "corners": [asdict(corner) for corner in corners],
        "own_corners": [asdict(corner) for corner in look.own.costs.corners()] if look.own else [],
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

"""One person's threshold: view and change."""

from __future__ import annotations

import math
from dataclasses import replace
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal
from flask_babel import gettext as _

from webapp.errors.people import UnknownPerson
from webapp.errors.thresholds import ConfirmationNeeded, PointsOutOfRange, SettingConflict
from webapp.inference.active_model import active_model
from webapp.messages import describe
from webapp.services.people.people import find_person
from webapp.services.thresholds import error_rates, per_person, replay
from webapp.services.thresholds.error_rates import Cost
from webapp.services.thresholds.per_person import MOST_POINTS, PersonThreshold
from webapp.web.access import admin
from webapp.web.current_user import current_actor
from webapp.web.error_pages import answer
from webapp.web.forms.reviews import lead_to_review, reviewed_form
from webapp.web.forms.thresholds import PersonThresholdForm
from webapp.web.views.thresholds.uncalibrated import explain_on
from webapp.web.wording import thresholds

blueprint = Blueprint("person_threshold", __name__)
explain_on(blueprint)


@blueprint.errorhandler(UnknownPerson)
def unknown(_error: UnknownPerson) -> ResponseReturnValue:
    """Answer 404 for a person who does not exist, or no longer."""
    return answer(404, back=url_for("people.index"))


@blueprint.route("/people/<uuid:person_id>/threshold", methods=["GET", "POST"])
@admin
def edit(person_id: UUID) -> ResponseReturnValue:
    """Context: person, form (points, reason), own (in force), its cost, history.

    `?points=…` fills in the form with an earlier setting, without changing anything.
    """
    find_person(person_id)
    form = PersonThresholdForm()
    if form.validate_on_submit():
        points = math.nan if form.points.data is None else form.points.data
        try:
            if form.review.data:
                per_person.check(person_id, points, form.based_on.data)
                return lead_to_review("person_threshold.review", form, person_id=person_id)
            per_person.change(
                person_id,
                points,
                form.reason.data,
                current_actor(),
                form.based_on.data,
                confirmed=form.is_confirmed,
            )
        except ConfirmationNeeded:
            return lead_to_review(
                "person_threshold.review", form, unconfirmed=True, person_id=person_id
            )
        except (SettingConflict, PointsOutOfRange) as error:
            form.form_errors.append(_words(error))
        else:
            flash(_("The person’s threshold is changed. It counts from now on."), "success")
            return redirect(url_for("people.show", person_id=person_id))
    return _page(person_id, form)


@blueprint.get("/people/<uuid:person_id>/threshold/review")
@admin
def review(person_id: UUID) -> ResponseReturnValue:
    """Show the effect of the points in the address, before they take effect."""
    find_person(person_id)
    form = reviewed_form(PersonThresholdForm)
    try:
        if form and form.points.data is not None:
            per_person.check(person_id, form.points.data, form.based_on.data)
            return _review(person_id, form, form.points.data)
    except (SettingConflict, PointsOutOfRange) as error:
        flash(_words(error), "error")
    return redirect(url_for("person_threshold.edit", person_id=person_id))


def _words(error: SettingConflict | PointsOutOfRange) -> str:
    """Return the text of an error, with points in the format of the reader's language."""
    facts = {name: format_decimal(points) for name, points in error.details.items()}
    return describe(error.code, facts)


def _page(person_id: UUID, form: PersonThresholdForm) -> str:
    own = per_person.of_person(person_id)
    if form.is_untouched:
        form.points.data = max(0.0, request.args.get("points", own.points, type=float))
    return render_template(
        "threshold/person.html",
        person=find_person(person_id),
        form=form,
        own=own,
        cost=_cost(own),
        model=active_model().engine.description,
        history=per_person.history(person_id),
        most=MOST_POINTS,
        words=thresholds,
    )


def _review(person_id: UUID, form: PersonThresholdForm, points: float) -> str:
    before = per_person.of_person(person_id)
    threshold = per_person.apart(before.everybody, points)
    after = replace(before, threshold=threshold, points=points)
    return render_template(
        "threshold/person_review.html",
        person=find_person(person_id),
        form=form,
        before=before,
        after=after,
        cost_before=_cost(before),
        cost_after=_cost(after),
        dangers=per_person.dangers_of(before, points),
        model=active_model().engine.description,
        redecisions=replay.by_points(person_id, points),
        words=thresholds,
    )


def _cost(own: PersonThreshold) -> Cost:
    costs = error_rates.costs_of(own.everybody, max(own.anchors, 1))
    return costs.at(own.threshold.score)

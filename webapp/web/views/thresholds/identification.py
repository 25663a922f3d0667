"""The policy of identifications: view and change."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.errors.thresholds import ConfirmationNeeded, SearchOutOfRange, SettingConflict
from webapp.inference.active_model import active_model
from webapp.messages import describe
from webapp.services.thresholds import identification, replay
from webapp.services.thresholds.identification import IdentificationPolicy
from webapp.services.thresholds.verification import Threshold
from webapp.web.access import admin
from webapp.web.current_user import current_actor
from webapp.web.forms.reviews import lead_to_review, reviewed_form
from webapp.web.forms.thresholds import PERCENT, SearchForm
from webapp.web.views.thresholds.uncalibrated import explain_on
from webapp.web.wording import thresholds

blueprint = Blueprint("search", __name__)
explain_on(blueprint)


@dataclass(frozen=True)
class Setting:
    """A policy of identifications, and its threshold for the people enrolled."""

    search: IdentificationPolicy
    threshold: Threshold

    @classmethod
    def of(cls, search: IdentificationPolicy) -> Setting:
        """Build the setting, with the threshold at the present number of people."""
        return cls(search, identification.threshold(active_model().gallery.refresh(), search))


@blueprint.route("/threshold/search", methods=["GET", "POST"])
@admin
def edit() -> ResponseReturnValue:
    """Context: form (percent, margin, reason), setting in force, people, history, bounds.

    `?percent=…&margin=…` fills in the form with an earlier policy, without changing anything.
    """
    form = SearchForm()
    if form.validate_on_submit():
        try:
            if form.review.data:
                identification.check(form.search, form.based_on.data)
                return lead_to_review("search.review", form)
            identification.change(
                form.search,
                form.reason.data,
                current_actor(),
                form.based_on.data,
                confirmed=form.is_confirmed,
            )
        except ConfirmationNeeded:
            return lead_to_review("search.review", form, unconfirmed=True)
        except (SearchOutOfRange, SettingConflict) as error:
            form.form_errors.append(describe(error.code))
        else:
            flash(_("Searches decide by this from now on."), "success")
            return redirect(url_for("search.edit"))
    return _page(form)


@blueprint.get("/threshold/search/review")
@admin
def review() -> ResponseReturnValue:
    """Show the effect of the policy in the address, before it takes effect."""
    form = reviewed_form(SearchForm)
    try:
        if form:
            identification.check(form.search, form.based_on.data)
            return _review(form)
    except (SearchOutOfRange, SettingConflict) as error:
        flash(describe(error.code), "error")
    return redirect(url_for("search.edit"))


def _page(form: SearchForm) -> str:
    in_force = identification.in_force()
    if form.is_untouched:
        form.percent.data = request.args.get("percent", in_force.fpir * PERCENT, type=float)
        form.margin.data = request.args.get("margin", in_force.margin, type=float)
    return render_template(
        "threshold/search.html",
        form=form,
        setting=Setting.of(in_force),
        people=active_model().gallery.refresh().people,
        model=active_model().engine.description,
        newest_number=identification.newest_number(),
        history=identification.history(),
        percent=PERCENT,
        bounds=identification.BOUNDS,
        words=thresholds,
    )


def _review(form: SearchForm) -> str:
    return render_template(
        "threshold/search_review.html",
        form=form,
        before=Setting.of(identification.in_force()),
        after=Setting.of(form.search),
        dangers=identification.dangers_of(form.search),
        model=active_model().engine.description,
        redecisions=replay.by_search(form.search),
        words=thresholds,
    )

"""The setting of liveness challenges: view and change."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.errors.liveness import MovementsTooFew
from webapp.errors.thresholds import ConfirmationNeeded, SettingConflict
from webapp.messages import MOVEMENTS, describe
from webapp.services.liveness import setting
from webapp.web.access import admin
from webapp.web.current_user import current_actor
from webapp.web.forms.liveness import GUARDED, STRENGTH_WORDS, LivenessForm
from webapp.web.forms.reviews import lead_to_review, reviewed_form

blueprint = Blueprint("liveness", __name__)
CHANGED_MEANWHILE = "setting_changed_meanwhile"


@blueprint.route("/liveness", methods=["GET", "POST"])
@admin
def edit() -> ResponseReturnValue:
    """Context: form (guarded, strength, allowed, reason), setting in force, history, words.

    `?change=…` fills in the form with an earlier change, `&before=1` with the setting before it.
    """
    form = LivenessForm()
    if form.validate_on_submit():
        try:
            setting.change(
                form.setting,
                form.reason.data,
                current_actor(),
                form.based_on.data,
                confirmed=form.is_confirmed,
            )
        except ConfirmationNeeded:
            is_of_review = bool(form.review.data)
            return lead_to_review("liveness.review", form, unconfirmed=is_of_review)
        except MovementsTooFew as error:
            form.allowed.errors = [describe(error.code, error.details)]
        except SettingConflict:
            form.form_errors.append(describe(CHANGED_MEANWHILE))
        else:
            flash(_("The setting is changed. It counts from now on."), "success")
            return redirect(url_for("liveness.edit"))
    return _page(form)


@blueprint.get("/liveness/review")
@admin
def review() -> ResponseReturnValue:
    """Show the effect of the weaker setting in the address, before it takes effect."""
    form = reviewed_form(LivenessForm)
    dangers = setting.weakened(setting.in_force(), form.setting) if form else ()
    if form is None or not dangers:
        return redirect(url_for("liveness.edit"))
    return render_template(
        "liveness/review.html",
        form=form,
        before=setting.in_force(),
        after=form.setting,
        dangers=dangers,
        guarded=GUARDED,
        strengths=STRENGTH_WORDS,
        movements=MOVEMENTS,
    )


def _page(form: LivenessForm) -> str:
    in_force, history = setting.in_force(), setting.history()
    if form.is_untouched:
        number = request.args.get("change", type=int)
        change = next((one for one in history if one.number == number), None)
        earlier = change and (change.previous if request.args.get("before") else change.value)
        form.show(earlier or in_force)
    return render_template(
        "liveness/edit.html",
        form=form,
        setting=in_force,
        newest_number=setting.newest_number(),
        history=history,
        guarded=GUARDED,
        strengths=STRENGTH_WORDS,
        movements=MOVEMENTS,
    )

"""The installed models, the active one, and its change."""

from __future__ import annotations

from flask import Blueprint, flash, jsonify, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from ml import ArtifactError
from webapp.db.models import Job, Person
from webapp.errors.models import LicenceNotAccepted
from webapp.errors.thresholds import ConfirmationNeeded
from webapp.jobs import queue
from webapp.messages import describe
from webapp.services.models import review as model_review
from webapp.services.models import selection
from webapp.services.models.selection import CHANGE_MODEL, InstalledModel
from webapp.web.access import admin
from webapp.web.current_user import current_actor
from webapp.web.forms.fields import EmptyForm
from webapp.web.forms.models import ModelChangeForm
from webapp.web.wording import models as model_words
from webapp.web.wording import thresholds

blueprint = Blueprint("models", __name__, url_prefix="/models")


@blueprint.get("")
@admin
def index() -> str:
    """Context: models (InstalledModel), people_lacking (by model's name), history, words, form."""
    models = selection.installed_models()
    return render_template(
        "models/index.html",
        models=models,
        people_lacking={model.name: _people_lacking(model) for model in models},
        history=selection.history(),
        words=model_words,
        progress_words=_progress_words,
        form=EmptyForm(),
    )


@blueprint.route("/<name>/change", methods=["GET", "POST"])
@admin
def change(name: str) -> ResponseReturnValue:
    """Context: form (reason, licence, confirmation), review (ModelReview), words."""
    form = ModelChangeForm()
    try:
        review = model_review.review(name)
        if form.validate_on_submit():
            selection.start_change(
                name,
                form.reason.data,
                current_actor(),
                licence_accepted=form.licence.data,
                confirmed=form.is_confirmed,
            )
            flash(_("The change to “%(name)s” has begun.", name=name), "success")
            return redirect(url_for("models.index"))
    except ArtifactError as error:
        flash(str(error), "error")
        return redirect(url_for("models.index"))
    except LicenceNotAccepted as error:
        form.licence.errors = [describe(error.code)]
    except ConfirmationNeeded:
        form.ask_to_confirm()
    return render_template(
        "models/change.html",
        form=form,
        review=review,
        words=model_words,
        threshold_words=thresholds,
    )


@blueprint.post("/embed")
@admin
def embed() -> ResponseReturnValue:
    """Embed what the active model has not embedded yet."""
    try:
        selection.start_embedding(current_actor())
    except ArtifactError as error:
        flash(str(error), "error")
    else:
        flash(_("The photos are being processed."), "success")
    return redirect(url_for("models.index"))


@blueprint.get("/<name>/progress")
@admin
def progress(name: str) -> ResponseReturnValue:
    """Return the progress of the newest change to a model: unfinished, done, total, words."""
    job = queue.newest(CHANGE_MODEL, name)
    if job is None:
        return jsonify(unfinished=False, done=0, total=0, words="")
    return jsonify(
        unfinished=job.is_unfinished, done=job.done, total=job.total, words=_progress_words(job)
    )


def _people_lacking(model: InstalledModel) -> list[Person]:
    """Return the people of a failed change, whose pictures the model cannot use."""
    failed = model.job is not None and not model.job.is_unfinished and model.unembedded > 0
    if not failed or model.description is None:
        return []
    return selection.people_without_embedding(model.description.model_id)


def _progress_words(job: Job) -> str:
    if not job.total:
        return _("Getting ready…")
    return ngettext(
        "%(done)s of %(num)s photo processed",
        "%(done)s of %(num)s photos processed",
        job.total,
        done=job.done,
    )

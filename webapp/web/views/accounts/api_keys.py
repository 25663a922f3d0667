"""API keys, for administrators."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from webapp.db.models import ResultKind, Scope
from webapp.errors.api import KeyUnknown, LimitUnreadable, ScopesMissing
from webapp.errors.base import ServiceError
from webapp.errors.matching import ResultOver
from webapp.extensions import limiter
from webapp.messages import describe
from webapp.services.accounts import api_keys
from webapp.services.accounts.api_keys import MadeKey, NewKey
from webapp.web.access import admin
from webapp.web.current_user import current_actor
from webapp.web.error_pages import answer
from webapp.web.forms.accounts import PresentPasswordForm
from webapp.web.forms.api_keys import SCOPES, KeyForm
from webapp.web.forms.fields import EmptyForm
from webapp.web.views.accounts.password_confirmation import (
    check_present_password,
    complain,
    sign_in_limit,
)
from webapp.web.views.matching import results

blueprint = Blueprint("api_keys", __name__, url_prefix="/api-keys")


@blueprint.errorhandler(KeyUnknown)
def unknown(_error: KeyUnknown) -> ResponseReturnValue:
    """Answer 404 for a key that does not exist."""
    return answer(404, back=url_for("api_keys.index"))


@blueprint.errorhandler(ResultOver)
def over(_error: ResultOver) -> ResponseReturnValue:
    """Lead back to the keys from an expired page of a new one."""
    return results.over(url_for("api_keys.index"))


@blueprint.get("")
@admin
def index() -> str:
    """Context: keys, scopes (words), form, action_form, made (name and secret, or None)."""
    return _page(KeyForm())


@blueprint.get("/made/<uuid:result_id>")
@admin
def made(result_id: UUID) -> str:
    """Show the keys and the secret of a new one, for a few minutes; context as `index`."""
    return _page(KeyForm(formdata=None), results.find(ResultKind.API_KEY, result_id))


@blueprint.post("")
@admin
@limiter.limit(sign_in_limit)
def create() -> ResponseReturnValue:
    """Create a key, and redirect to the page that shows it."""
    form = KeyForm()
    if form.validate():
        scopes = [Scope(value) for value in form.scopes.data]
        new = NewKey(form.name.data, scopes, form.days.data, form.limit.data)
        try:
            check_present_password(form)
            return _to_secret(api_keys.create(new, current_actor()))
        except ScopesMissing as error:
            form.scopes.errors = [describe(error.code)]
        except LimitUnreadable as error:
            form.limit.errors = [describe(error.code)]
        except ServiceError as error:
            complain(form, error)
    return _page(form)


@blueprint.route("/<uuid:key_id>/rotate", methods=["GET", "POST"])
@admin
@limiter.limit(sign_in_limit, methods=["POST"])
def rotate(key_id: UUID) -> ResponseReturnValue:
    """Create a successor to a key, and redirect to the page that shows it.

    Context of the form: key (ApiKey), form (current).
    """
    key, form = api_keys.find(key_id), PresentPasswordForm()
    if form.validate_on_submit():
        try:
            check_present_password(form)
            return _to_secret(api_keys.rotate(key_id, current_actor()))
        except ServiceError as error:
            complain(form, error)
    return render_template("api_keys/replace.html", key=key, form=form)


@blueprint.post("/<uuid:key_id>/revoke")
@admin
def revoke(key_id: UUID) -> ResponseReturnValue:
    """Revoke a key at once."""
    api_keys.revoke(key_id, current_actor())
    flash(_("The key is revoked. It opens nothing any more."), "success")
    return redirect(url_for("api_keys.index"))


def _to_secret(made: MadeKey) -> ResponseReturnValue:
    result_id = results.keep(ResultKind.API_KEY, {"name": made.name, "secret": made.secret})
    return results.lead_to(url_for("api_keys.made", result_id=result_id))


def _page(form: KeyForm, made: dict[str, str] | None = None) -> str:
    return render_template(
        "api_keys/index.html",
        keys=api_keys.list_keys(),
        scopes=SCOPES,
        form=form,
        action_form=EmptyForm(),
        made=made,
    )

"""The account of the signed-in user: password, second factor, sessions."""

from __future__ import annotations

from uuid import UUID

import segno
from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from webapp.db.models import ResultKind
from webapp.errors.base import ServiceError
from webapp.errors.matching import ResultOver
from webapp.extensions import limiter
from webapp.services.accounts import accounts, sessions, two_factor
from webapp.web.access import ON_THE_WAY, must_set_up_codes, viewer
from webapp.web.current_user import current_actor, current_client
from webapp.web.devices import this_device
from webapp.web.forms.accounts import (
    EndSessionsForm,
    PasswordForm,
    PresentPasswordForm,
    SecondFactorForm,
)
from webapp.web.forms.fields import EmptyForm
from webapp.web.views.accounts.password_confirmation import (
    check_present_password,
    complain,
    sign_in_limit,
)
from webapp.web.views.matching import results

blueprint = Blueprint("account", __name__, url_prefix="/account")
# Prefixes: several forms of the account's page ask for the present password.
OFF, SESSIONS = "off", "sessions"


@blueprint.errorhandler(ResultOver)
def over(_error: ResultOver) -> ResponseReturnValue:
    """Lead back to the account from an expired page of recovery codes."""
    return results.over(url_for("account.show"))


@blueprint.get("")
@viewer
def show() -> str:
    """Context: password_form, off_form, sessions_form, sessions, empty_form, codes_left."""
    return _page()


@blueprint.post("/password")
@viewer
@limiter.limit(sign_in_limit)
def password() -> ResponseReturnValue:
    """Change the password, and end every session of the account."""
    form = PasswordForm()
    if form.validate_on_submit():
        try:
            check_present_password(form)
            accounts.change_password(
                current_user.username, form.password.data, current_client(), this_device()
            )
        except ServiceError as error:
            complain(form, error)
        else:
            flash(_("The password is changed. Sign in with it."), "success")
            return redirect(url_for("accounts.sign_in"))
    return _page(form)


@blueprint.post("/sign-out-everywhere")
@viewer
def sign_out_everywhere() -> ResponseReturnValue:
    """End every session of the account, including this one."""
    sessions.end_all(current_user.id, current_actor(), this_device())
    flash(_("You are signed out everywhere."), "success")
    return redirect(url_for("home.index"))


@blueprint.post("/sessions/end")
@viewer
@limiter.limit(sign_in_limit)
def end_sessions() -> ResponseReturnValue:
    """End some of the account's other sessions."""
    form = _sessions_form()
    if form.validate_on_submit():
        try:
            check_present_password(form)
        except ServiceError as error:
            complain(form, error)
        else:
            sessions.end_some(current_user.id, form.chosen.data, current_actor())
            flash(_("The chosen sessions have ended."), "success")
            return redirect(url_for("account.show"))
    form.form_errors.extend(form.chosen.errors)
    return _page(sessions_form=form)


@blueprint.route("/second-factor", methods=["GET", "POST"])
@viewer
@limiter.limit(sign_in_limit, methods=["POST"])
def switch_on() -> ResponseReturnValue:
    """Context: form (secret, code), required, picture (SVG as data URI), secret."""
    form = SecondFactorForm()
    if form.validate_on_submit():
        try:
            check_present_password(form)
            secret, code, here = form.secret.data, form.code.data, current_user.session_id
            codes = two_factor.switch_on(current_user.id, secret, code, current_actor(), here)
        except ServiceError as error:
            complain(form, error)
        else:
            result_id = results.keep(ResultKind.RECOVERY_CODES, {"codes": codes})
            return results.lead_to(url_for("account.recovery_codes", result_id=result_id))
    form.secret.data = form.secret.data or two_factor.new_secret()
    address = two_factor.address_of(form.secret.data, current_user.username)
    return render_template(
        "account/second_factor.html",
        form=form,
        required=must_set_up_codes(),
        picture=segno.make(address, micro=False).svg_data_uri(scale=4, light="white"),
    )


@blueprint.get("/second-factor/codes/<uuid:result_id>")
@viewer
def recovery_codes(result_id: UUID) -> str:
    """Context: codes, shown for a few minutes only; way (address of the next page)."""
    kept = results.find(ResultKind.RECOVERY_CODES, result_id)
    way = session.get(ON_THE_WAY, url_for("account.show"))
    return render_template("account/recovery_codes.html", codes=kept["codes"], way=way)


@blueprint.post("/second-factor/off")
@viewer
@limiter.limit(sign_in_limit)
def switch_off() -> ResponseReturnValue:
    """Stop requiring codes."""
    form = PresentPasswordForm(prefix=OFF)
    if form.validate_on_submit():
        try:
            check_present_password(form)
        except ServiceError as error:
            complain(form, error)
        else:
            two_factor.switch_off(current_user.id, current_actor(), current_user.session_id)
            flash(_("Codes are no longer asked for."), "success")
            return redirect(url_for("account.show"))
    return _page(off_form=form)


def _sessions_form(**options: None) -> EndSessionsForm:
    """Return the form; sessions that ended meanwhile may be chosen, and need no action."""
    form = EndSessionsForm(prefix=SESSIONS, **options)
    form.chosen.validate_choice = False
    return form


def _page(
    password_form: PasswordForm | None = None,
    off_form: PresentPasswordForm | None = None,
    sessions_form: EndSessionsForm | None = None,
) -> str:
    return render_template(
        "account/show.html",
        password_form=password_form or PasswordForm(formdata=None),
        off_form=off_form or PresentPasswordForm(formdata=None, prefix=OFF),
        sessions_form=sessions_form or _sessions_form(formdata=None),
        sessions=sessions.list_sessions(current_user.id),
        empty_form=EmptyForm(),
        codes_left=two_factor.recovery_codes_left(current_user.id),
    )

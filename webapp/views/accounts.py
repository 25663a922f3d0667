"""Set-up, signing in and out."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import login_user, logout_user

from webapp.access import public
from webapp.errors import SetupFinished, WrongCredentials, WrongSetupLink
from webapp.extensions import limiter
from webapp.forms import EmptyForm, SetupForm, SignInForm
from webapp.messages import describe
from webapp.recognition import recognition
from webapp.services import accounts

blueprint = Blueprint("accounts", __name__)


def _sign_in_limit() -> str:
    return recognition().settings.sign_in_limit


@blueprint.route("/setup/<token>", methods=["GET", "POST"])
@public
@limiter.limit(_sign_in_limit)
def setup(token: str) -> ResponseReturnValue:
    """Context: form (username, password, confirm)."""
    form = SetupForm()
    try:
        accounts.check_setup_token(token)
        if form.validate_on_submit():
            accounts.finish_setup(token, form.username.data, form.password.data)
            flash(_("The account is there. Sign in with it."), "success")
            return redirect(url_for("accounts.sign_in"))
    except SetupFinished as error:
        flash(describe(error.code), "warning")
        return redirect(url_for("accounts.sign_in"))
    except WrongSetupLink:
        abort(404)
    return render_template("accounts/setup.html", form=form), 422 if form.errors else 200


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
@limiter.limit(_sign_in_limit, methods=["POST"])
def sign_in() -> ResponseReturnValue:
    """Context: form (username, password)."""
    form = SignInForm()
    if form.validate_on_submit():
        try:
            account = accounts.sign_in(form.username.data, form.password.data)
        except WrongCredentials as error:
            form.form_errors.append(describe(error.code))
        else:
            session.clear()  # nothing of the stranger's session lives on in the account's
            session.permanent = True
            login_user(account)
            return redirect(_place_within(request.args.get("next", "")))
    return render_template("accounts/sign_in.html", form=form), 422 if form.errors else 200


@blueprint.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """Forget the session."""
    if not EmptyForm().validate_on_submit():
        abort(400)
    logout_user()
    session.clear()
    return redirect(url_for("home.index"))


def _place_within(target: str) -> str:
    """A path of this site to go on to; anything else leads to the start page."""
    parts = urlsplit(target)
    within = target.startswith("/") and not target.startswith("//") and target.isprintable()
    if within and not parts.netloc and not parts.scheme and "\\" not in target:
        return target
    return url_for("home.index")

"""Set-up, sign-in and sign-out."""

from __future__ import annotations

from flask import (
    Blueprint,
    abort,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user, login_user, logout_user
from flask_wtf.csrf import generate_csrf

from webapp.errors.accounts import (
    PasswordTooCommon,
    SetupFinished,
    SignInOver,
    WrongCredentials,
    WrongSetupLink,
)
from webapp.errors.base import ServiceError
from webapp.errors.matching import MustWait
from webapp.extensions import limiter
from webapp.messages import describe
from webapp.services.accounts import accounts, sessions
from webapp.services.accounts.sessions import StartedSession
from webapp.settings import current_settings
from webapp.web.access import public
from webapp.web.current_user import CurrentUser, current_actor, current_client
from webapp.web.devices import keep_device, this_browser
from webapp.web.forms.accounts import CodeForm, SetupForm, SignInForm
from webapp.web.forms.fields import EmptyForm
from webapp.web.redirects import place_within
from webapp.web.resumed_forms import keep_for, mark_token, present_account
from webapp.web.tokens import keep_pending, pending

blueprint = Blueprint("accounts", __name__)


def _sign_in_limit() -> str:
    return current_settings().sign_in_limit


@blueprint.route("/setup/<token>", methods=["GET", "POST"])
@public
@limiter.limit(_sign_in_limit)
def setup(token: str) -> ResponseReturnValue:
    """Context: form (username, password, confirm)."""
    form = SetupForm()
    try:
        accounts.check_setup_token(token)
        if form.validate_on_submit():
            why = _("On from the start in a new installation")
            username, password = form.username.data, form.password.data
            accounts.finish_setup(token, username, password, why, current_client())
            flash(_("The account is there. Sign in with it."), "success")
            return redirect(url_for("accounts.sign_in"))
    except PasswordTooCommon as error:
        form.password.errors = [describe(error.code)]
    except SetupFinished as error:
        flash(describe(error.code), "warning")
        return redirect(url_for("accounts.sign_in"))
    except WrongSetupLink:
        abort(404)
    return render_template("accounts/setup.html", form=form)


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public
@limiter.limit(_sign_in_limit, methods=["POST"])
def sign_in() -> ResponseReturnValue:
    """Context: form (username, password), closed (whether verification needs an account), way.

    `?ended=1` explains that a session has ended.
    """
    form = SignInForm()
    if form.validate_on_submit():
        try:
            username, password = form.username.data, form.password.data
            signed = sessions.sign_in(username, password, this_browser(), current_client())
        except (WrongCredentials, MustWait) as error:
            _complain(form, error)
        else:
            if isinstance(signed, StartedSession):
                return _enter(signed)
            keep_pending(signed.token)
            return redirect(url_for("accounts.code", next=request.args.get("next")))
    closed = current_settings().verify_requires_sign_in
    return render_template("accounts/sign_in.html", form=form, closed=closed, way=_next_page())


@blueprint.route("/sign-in/code", methods=["GET", "POST"])
@public
@limiter.limit(_sign_in_limit, methods=["POST"])
def code() -> ResponseReturnValue:
    """Ask for the second factor after a correct password. Context: form (code)."""
    form = CodeForm()
    try:
        sessions.check_pending(pending())
        if form.validate_on_submit():
            token, browser = pending(), this_browser()
            return _enter(sessions.confirm(token, form.code.data, browser, current_client()))
    except SignInOver as error:
        return _back_to_sign_in(error)
    except ServiceError as error:
        _complain(form, error)
    return render_template("accounts/code.html", form=form)


@blueprint.get("/session")
@public
def present() -> ResponseReturnValue:
    """Return the signed-in account and a new token, for a page that was open for long. JSON."""
    return jsonify(account=present_account(), token=generate_csrf())


@blueprint.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End the session."""
    if not EmptyForm().validate_on_submit():
        abort(400)
    if current_user.is_authenticated:
        sessions.end(current_user.session_id, current_actor())
    logout_user()
    session.clear()
    return redirect(url_for("home.index"))


def _back_to_sign_in(error: SignInOver) -> ResponseReturnValue:
    if pending():
        flash(describe(error.code), "warning")
    return redirect(url_for("accounts.sign_in", next=request.args.get("next")))


def _enter(started: StartedSession) -> ResponseReturnValue:
    kept = keep_for(started.session.account.id)
    session.clear()  # nothing of the anonymous session survives in the account's
    session.update(kept)
    session.permanent = True
    mark_token(started.session.account.id)
    login_user(CurrentUser.by(started.session, started.token))
    _warn_of_failed_tries(started.failed_tries)
    response = make_response(redirect(_next_page()))
    keep_device(response, started.device)
    return response


def _next_page() -> str:
    """Return the page that was requested before the sign-in."""
    return place_within(request.args.get("next", ""))


def _warn_of_failed_tries(tries: int) -> None:
    if not tries:
        return
    sentence = ngettext(
        "Since you last signed in there was one failed try to sign in with your name. If it was "
        "not yours, change your password.",
        "Since you last signed in there were %(num)s failed tries to sign in with your name. If "
        "they were not yours, change your password.",
        tries,
    )
    flash(sentence, "warning")


def _complain(form: SignInForm | CodeForm, error: ServiceError) -> None:
    form.form_errors.append(describe(error.code, error.details))

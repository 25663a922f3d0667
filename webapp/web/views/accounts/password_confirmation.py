"""Confirmation of sensitive actions by the present password: a session alone may be borrowed."""

from __future__ import annotations

from flask_login import current_user

from webapp.errors.accounts import (
    PasswordTooCommon,
    WrongCode,
    WrongCredentials,
    WrongPresentPassword,
)
from webapp.errors.base import ServiceError
from webapp.messages import describe
from webapp.services.accounts import sessions
from webapp.settings import current_settings
from webapp.web.current_user import current_client
from webapp.web.devices import this_device
from webapp.web.forms.accounts import PresentPasswordForm

FIELDS: dict[type[ServiceError], str] = {
    WrongPresentPassword: "current",
    PasswordTooCommon: "password",
    WrongCode: "code",
}


def sign_in_limit() -> str:
    """Return the rate limit of password attempts by an address."""
    return current_settings().sign_in_limit


def check_present_password(form: PresentPasswordForm) -> None:
    """Check that the signed-in user knows the account's password.

    Raises:
        WrongPresentPassword: if the password is wrong.
        MustWait: after several failures.
    """
    try:
        # A borrowed session does not show who types the password.
        sessions.check_password(
            current_user.username, form.current.data, current_client(), this_device()
        )
    except WrongCredentials as error:
        raise WrongPresentPassword from error


def complain(form: PresentPasswordForm, error: ServiceError) -> None:
    """Show an error at the field that caused it, or for the whole form."""
    words = describe(error.code, error.details)
    field = FIELDS.get(type(error), "")
    if field in form:
        form[field].errors = [words]
    else:
        form.form_errors.append(words)

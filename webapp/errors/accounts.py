"""Errors of accounts, passwords and sign-ins."""

from __future__ import annotations

from webapp.errors.base import ServiceError


class PasswordTooCommon(ServiceError):
    """The password is on the list of common passwords."""

    code = "password_too_common"


class WrongCode(ServiceError):
    """The code of the second factor is wrong, already used, or expired."""

    code = "wrong_code"


class SignInOver(ServiceError):
    """The pending sign-in expired before the code arrived, or its account has changed."""

    code = "sign_in_over"


class WrongCredentials(ServiceError):
    """Username or password is wrong; the error does not reveal which."""

    code = "wrong_credentials"


class WrongPresentPassword(WrongCredentials):
    """The current password, asked for in a session, is wrong."""

    code = "wrong_present_password"


class DuplicateUsername(ServiceError):
    """The username is taken."""

    code = "duplicate_username"


class LastAdministrator(ServiceError):
    """The last administrator can be neither deleted nor demoted."""

    code = "last_administrator"


class SetupFinished(ServiceError):
    """The first account exists, so the set-up link no longer works."""

    code = "setup_finished"


class WrongSetupLink(ServiceError):
    """The set-up link is expired, or a newer one replaced it."""

    code = "wrong_setup_link"

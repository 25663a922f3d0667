"""Errors of accounts, passwords and sign-ins."""

from __future__ import annotations

from webapp.errors.base import ServiceError


class PasswordTooCommon(ServiceError):
    """The password is one of those that are tried first."""

    code = "password_too_common"


class WrongCode(ServiceError):
    """The code of the second factor is wrong, used before, or too old."""

    code = "wrong_code"


class SignInOver(ServiceError):
    """A sign-in that waited for its code took too long, or its account changed since."""

    code = "sign_in_over"


class WrongCredentials(ServiceError):
    """No account of that name with that password, whichever of the two is wrong."""

    code = "wrong_credentials"


class WrongPresentPassword(WrongCredentials):
    """Whoever is signed in does not know the password."""

    code = "wrong_present_password"


class DuplicateUsername(ServiceError):
    """An account of that name exists already."""

    code = "duplicate_username"


class LastAdministrator(ServiceError):
    """There is an administrator at any time, once there was one."""

    code = "last_administrator"


class SetupFinished(ServiceError):
    """The first account exists: the set-up link has done its work."""

    code = "setup_finished"


class WrongSetupLink(ServiceError):
    """The set-up link is not the newest one, or too old."""

    code = "wrong_setup_link"

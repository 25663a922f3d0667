"""Forms to sign in, to set up, and to change one's own account."""

from __future__ import annotations

from uuid import UUID

from flask_babel import lazy_gettext as _l
from wtforms import (
    Field,
    HiddenField,
    PasswordField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import EqualTo, InputRequired, Length, Regexp, ValidationError

from webapp.db.models.account import USERNAME_LENGTH
from webapp.messages import describe
from webapp.services.accounts.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD
from webapp.web.forms.fields import LONGEST_CODE, PageForm, name_field


class SignInForm(PageForm):
    """Name and password of an account."""

    username = StringField(_l("Name"), validators=[InputRequired(), Length(max=USERNAME_LENGTH)])
    password = PasswordField(
        _l("Password"), validators=[InputRequired(), Length(max=LONGEST_PASSWORD)]
    )


class CodeForm(PageForm):
    """A code of the second factor, or a recovery code."""

    code = StringField(_l("Code"), validators=[InputRequired(), Length(max=LONGEST_CODE)])


class PresentPasswordForm(PageForm):
    """Confirms the account's owner: an unattended session may be used by somebody else."""

    current = PasswordField(
        _l("Present password"), validators=[InputRequired(), Length(max=LONGEST_PASSWORD)]
    )


class EndSessionsForm(PresentPasswordForm):
    """Other sessions to end."""

    chosen = SelectMultipleField(coerce=UUID)

    def validate_chosen(self, field: Field) -> None:
        """Reject an empty selection."""
        if not field.data:
            raise ValidationError(describe("no_sessions_chosen"))


class SecondFactorForm(CodeForm, PresentPasswordForm):
    """The secret shared with the phone, and a code that proves it."""

    secret = HiddenField(validators=[Regexp("^[A-Z2-7]{32}$")])


class SetupForm(PageForm):
    """The first account."""

    username = name_field(_l("Name"), USERNAME_LENGTH)
    password = PasswordField(
        _l("Password"),
        validators=[InputRequired(), Length(min=SHORTEST_PASSWORD, max=LONGEST_PASSWORD)],
    )
    confirm = PasswordField(
        _l("Password again"),
        validators=[InputRequired(), EqualTo("password", _l("The two passwords differ."))],
    )


class PasswordForm(PresentPasswordForm):
    """A new password, confirmed by the present one."""

    password = PasswordField(
        _l("New password"),
        validators=[InputRequired(), Length(min=SHORTEST_PASSWORD, max=LONGEST_PASSWORD)],
    )
    confirm = PasswordField(
        _l("New password again"),
        validators=[InputRequired(), EqualTo("password", _l("The two passwords differ."))],
    )

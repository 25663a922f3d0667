"""What people send to sign in, to set up, and about their own account."""

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
    """A code of the second factor, or one for when the phone is lost."""

    code = StringField(_l("Code"), validators=[InputRequired(), Length(max=LONGEST_CODE)])


class PresentPasswordForm(PageForm):
    """Shows that it is not somebody at a screen that was left alone."""

    current = PasswordField(
        _l("Present password"), validators=[InputRequired(), Length(max=LONGEST_PASSWORD)]
    )


class EndSessionsForm(PresentPasswordForm):
    """Which other sessions are to end."""

    chosen = SelectMultipleField(coerce=UUID)

    def validate_chosen(self, field: Field) -> None:
        """Refuse to end none."""
        if not field.data:
            raise ValidationError(describe("no_sessions_chosen"))


class SecondFactorForm(CodeForm, PresentPasswordForm):
    """The secret that the phone has read, and the code that shows it."""

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
    """A new password for whoever knows the present one."""

    password = PasswordField(
        _l("New password"),
        validators=[InputRequired(), Length(min=SHORTEST_PASSWORD, max=LONGEST_PASSWORD)],
    )
    confirm = PasswordField(
        _l("New password again"),
        validators=[InputRequired(), EqualTo("password", _l("The two passwords differ."))],
    )

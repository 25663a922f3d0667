"""Form of API keys, for administrators."""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, NumberRange
from wtforms.widgets import CheckboxInput

from webapp.db.models import Scope
from webapp.db.models.api_key import KEY_NAME_LENGTH, LIMIT_LENGTH
from webapp.services.accounts.api_keys import KEY_BOUNDS
from webapp.web.forms.accounts import PresentPasswordForm
from webapp.web.forms.fields import choices, name_field

SCOPES: dict[Scope, LazyString] = {
    Scope.VERIFY: _l("verify, compare, detect"),
    Scope.ENROL: _l("enrol, change and delete people"),
    Scope.READ: _l("read people, pictures, attempts"),
    Scope.ADMIN: _l("everything, thresholds too"),
}


class KeyForm(PresentPasswordForm):
    """A new key."""

    name = name_field(_l("Name"), KEY_NAME_LENGTH)
    scopes = SelectMultipleField(
        _l("What the key opens"),
        choices=choices(SCOPES),
        option_widget=CheckboxInput(),
    )
    days = IntegerField(
        _l("Days until it expires"),
        default=KEY_BOUNDS.default_days,
        validators=[InputRequired(), NumberRange(1, KEY_BOUNDS.most_days)],
    )
    limit = StringField(
        _l("Requests it may make"),
        default=KEY_BOUNDS.default_limit,
        validators=[InputRequired(), Length(max=LIMIT_LENGTH)],
    )

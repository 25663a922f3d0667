"""What an administrator sends to change the active model."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField

from webapp.web.forms.fields import ConfirmedForm


class ModelChangeForm(ConfirmedForm):
    """Why the model is changed, and that its licence was read."""

    licence = BooleanField(_l("I have read the licence, and our use is covered by it."))

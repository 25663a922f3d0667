"""Form of a change of the active model, for administrators."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField

from webapp.web.forms.fields import ConfirmedForm


class ModelChangeForm(ConfirmedForm):
    """The reason for the change, and the acknowledgement of the model's licence."""

    licence = BooleanField(_l("I have read the licence, and our use is covered by it."))

"""Which attempts a person asks for."""

from __future__ import annotations

from datetime import date

from flask_babel import lazy_gettext as _l
from wtforms import DateField, Form, SelectField, StringField
from wtforms.validators import Optional, ValidationError

from webapp.forms import choices
from webapp.messages import describe
from webapp.models import Kind
from webapp.services.attempts import Wanted
from webapp.services.names import tidy

MATCH, NO_MATCH = "match", "no-match"
# The next day must be one, too.
LAST_DAY = date(9998, 12, 31)


class DayField(DateField):
    """A day; a text that is none says so in the catalogue's words."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the day."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(describe("no_day")) from None


class AttemptsForm(Form):
    """Filters, sent with the address of the page; nothing is changed by them."""

    person = StringField(_l("Person"), filters=[lambda value: tidy(value or "")])
    result = SelectField(
        _l("Outcome"),
        default="",
        choices=choices({MATCH: _l("Match"), NO_MATCH: _l("No match")}, _l("Any")),
    )
    kind = SelectField(
        _l("Kind"),
        default="",
        choices=choices(
            {Kind.VERIFY: _l("Verification"), Kind.IDENTIFY: _l("Search among everybody")},
            _l("Any"),
        ),
    )
    since = DayField(_l("From"), validators=[Optional()])
    until = DayField(_l("To"), validators=[Optional()])

    def validate_until(self, field: DayField) -> None:
        """Refuse a day out of reach."""
        if field.data and field.data > LAST_DAY:
            raise ValidationError(describe("no_day"))

    def wanted(self) -> Wanted:
        """What is asked for; what cannot be understood is left out."""
        self.validate()
        return Wanted(
            person=self.person.data or "",
            match={MATCH: True, NO_MATCH: False}.get(self.result.data),
            kind=Kind(self.kind.data) if self.kind.data and not self.kind.errors else None,
            since=None if self.since.errors else self.since.data,
            until=None if self.until.errors else self.until.data,
        )

"""Filters of the list of attempts."""

from __future__ import annotations

from datetime import date, tzinfo

from flask_babel import lazy_gettext as _l
from wtforms import DateField, Form, SelectField, StringField
from wtforms.validators import Optional, ValidationError

from webapp.core.text import normalize_name
from webapp.db.models import Kind
from webapp.messages import describe
from webapp.services.attempts.attempt_filter import AttemptFilter
from webapp.web.forms.fields import choices

MATCH, NO_MATCH = "match", "no-match"
# The neighbouring days must be valid as well, in every zone.
FIRST_DAY, LAST_DAY = date(1, 1, 3), date(9998, 12, 31)
# Formats that browsers send, and that people type where the browser has no calendar.
DAY_FORMATS = ["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y"]


def _within_reach(_form: Form, field: DateField) -> None:
    """Reject a day whose bounds cannot be computed."""
    if field.data and not FIRST_DAY <= field.data <= LAST_DAY:
        raise ValidationError(describe("no_day"))


class DayField(DateField):
    """A day; reports invalid text in the catalogue's words."""

    def __init__(self, label: object, **options: object) -> None:
        super().__init__(
            label, validators=[Optional(), _within_reach], format=DAY_FORMATS, **options
        )

    def _value(self) -> str:
        """Return the day as browsers expect it, or the typed text."""
        return self.data.isoformat() if self.data else super()._value()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Parse the day."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(describe("no_day")) from None


class AttemptsForm(Form):
    """Filters, sent in the page's address; they change nothing."""

    person = StringField(_l("Person"), filters=[lambda value: normalize_name(value or "")])
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
    since = DayField(_l("From"))
    until = DayField(_l("To"))

    def criteria(self, zone: tzinfo) -> AttemptFilter:
        """Return the filter by the days of a zone; invalid fields are ignored."""
        self.validate()
        return AttemptFilter(
            person=self.person.data or "",
            match={MATCH: True, NO_MATCH: False}.get(self.result.data),
            kind=Kind(self.kind.data) if self.kind.data and not self.kind.errors else None,
            since=None if self.since.errors else self.since.data,
            until=None if self.until.errors else self.until.data,
            zone=zone,
        )

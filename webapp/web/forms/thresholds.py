"""Forms of the common threshold, a person's own, and the policy of identifications."""

from __future__ import annotations

import math

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import Field, FloatField, StringField
from wtforms.validators import ValidationError
from wtforms.widgets import HiddenInput, NumberInput

from webapp.errors.thresholds import RuleNotMeasured
from webapp.messages import describe
from webapp.services.thresholds import verification
from webapp.services.thresholds.identification import BOUNDS, IdentificationPolicy
from webapp.services.thresholds.per_person import MOST_POINTS
from webapp.services.thresholds.verification import HIGHEST_SCORE, LOWEST_SCORE
from webapp.web.forms.fields import ReasonedForm

PERCENT = 100


class NumberField(FloatField):
    """A number; None if the text is not a number."""

    data: float | None

    def process_formdata(self, valuelist: list[str]) -> None:
        """Parse the number."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            self.data = None


class ScoreField(NumberField):
    """A number from 0 to 100; None if the text is not a number."""

    widget = NumberInput(step="any", min=LOWEST_SCORE, max=HIGHEST_SCORE)


class ThresholdForm(ReasonedForm):
    """A new threshold and its matching rule; without a rule, the one in force."""

    score = ScoreField(_l("New threshold"))
    rule = StringField(widget=HiddenInput())

    def preview(self, query: MultiDict[str, str], *, otherwise: float) -> None:
        """Take the score from a query and validate it; without one, take `otherwise`."""
        self.score.process(query, data=otherwise)
        self.score.validate(self, [ThresholdForm.validate_score])

    def preview_rule(self, query: MultiDict[str, str]) -> None:
        """Take the matching rule from a query and validate it."""
        self.rule.process(query)
        self.rule.validate(self, [ThresholdForm.validate_rule])

    def validate_rule(self, field: Field) -> None:
        """Reject a rule that the calibration does not contain."""
        if field.data and field.data not in verification.rules():
            raise ValidationError(describe(RuleNotMeasured.code))

    def validate_score(self, field: Field) -> None:
        """Reject text that is not a number, and numbers out of range."""
        if field.data is None or not LOWEST_SCORE <= field.data <= HIGHEST_SCORE:
            raise ValidationError(describe("threshold_out_of_range"))


class PersonThresholdForm(ReasonedForm):
    """How far a person's threshold lies above the common one, in score points."""

    points = NumberField(
        _l("Stricter by … points"),
        widget=NumberInput(step="any", min=0, max=MOST_POINTS),
    )


class SearchForm(ReasonedForm):
    """The policy of identifications."""

    percent = NumberField(
        _l("Strangers taken for somebody, in percent"),
        widget=NumberInput(
            step="any", min=BOUNDS.least_fpir * PERCENT, max=BOUNDS.most_fpir * PERCENT
        ),
    )
    margin = NumberField(
        _l("Lead over the next person, in points"),
        widget=NumberInput(step="any", min=0, max=BOUNDS.most_margin),
    )

    @property
    def search(self) -> IdentificationPolicy:
        """The policy that the form describes."""
        return IdentificationPolicy(_number(self.percent) / PERCENT, _number(self.margin))


def _number(field: NumberField) -> float:
    return math.nan if field.data is None else field.data

"""Schemas of thresholds and their changes."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length, Range

from webapp.api.requests.parsing import Name, Number, Switch, Whole
from webapp.api.schemas.faces import SCORE
from webapp.db.models.changes import REASON_LENGTH


class VerificationThresholdSchema(Schema):
    """The common threshold of verifications."""

    score = fields.Float(required=True, metadata=SCORE)
    similarity = fields.Float(required=True)
    rule = fields.String(required=True)
    number = fields.Integer(
        required=True,
        metadata={"description": "Number of the change in force; 0 for the default."},
    )


class SearchThresholdSchema(Schema):
    """The policy of identifications."""

    fpir = fields.Float(required=True)
    margin = fields.Float(required=True)
    number = fields.Integer(required=True)


class ThresholdsSchema(Schema):
    """Settings that decide a match."""

    model_id = fields.String(required=True)
    rules = fields.List(fields.String(), required=True)
    verification = fields.Nested(VerificationThresholdSchema, required=True)
    search = fields.Nested(SearchThresholdSchema, required=True)


class ReasonedSchema(Schema):
    """The reason for a change, and the change that it is based on."""

    reason = Name(required=True, validate=Length(1, REASON_LENGTH))
    based_on = Whole(
        load_default=None,
        validate=Range(0, 2**31 - 1),
        metadata={"description": "Number of the change that must still be in force."},
    )
    confirm = Switch(
        load_default=False,
        metadata={
            "description": "Confirm a dangerous setting: more than 1 in 100 strangers accepted, or "
            "more than 8 in 10 genuine attempts rejected. Without it, such a setting returns the "
            "problem confirmation_needed."
        },
    )


class VerificationThresholdChangeSchema(ReasonedSchema):
    """A new common threshold of verifications."""

    score = Number(required=True, metadata=SCORE)
    rule = fields.String(load_default=None, validate=Length(max=32))


class SearchThresholdChangeSchema(ReasonedSchema):
    """A new policy of identifications."""

    fpir = Number(required=True)
    margin = Number(required=True)


class PersonThresholdSchema(Schema):
    """One person's threshold in verifications, and its origin."""

    score = fields.Float(required=True, attribute="threshold.score", metadata=SCORE)
    everybodys_score = fields.Float(required=True, attribute="everybody.score", metadata=SCORE)
    lowest_score = fields.Float(required=True, attribute="lowest", metadata=SCORE)
    points = fields.Float(
        required=True,
        metadata={"description": "Score points above the common threshold, 0 to 50."},
    )
    number = fields.Integer(required=True)


class PersonThresholdChangeSchema(ReasonedSchema):
    """Score points of a person's threshold above the common one, 0 to 50; 0 for none."""

    points = Number(required=True)

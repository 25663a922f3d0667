"""Thresholds: how they are and how they change."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length, Range

from webapp.api.requests.parsing import Name, Number, Switch, Whole
from webapp.api.schemas.faces import SCORE
from webapp.db.models.changes import REASON_LENGTH


class VerificationThresholdSchema(Schema):
    """The threshold of a verification."""

    score = fields.Float(required=True, metadata=SCORE)
    similarity = fields.Float(required=True)
    rule = fields.String(required=True)
    number = fields.Integer(
        required=True, metadata={"description": "Of the change in force; 0 for the default."}
    )


class SearchThresholdSchema(Schema):
    """How a search among everybody decides."""

    fpir = fields.Float(required=True)
    margin = fields.Float(required=True)
    number = fields.Integer(required=True)


class ThresholdsSchema(Schema):
    """What decides a match."""

    model_id = fields.String(required=True)
    rules = fields.List(fields.String(), required=True)
    verification = fields.Nested(VerificationThresholdSchema, required=True)
    search = fields.Nested(SearchThresholdSchema, required=True)


class ReasonedSchema(Schema):
    """A change, why, and what it is based on."""

    reason = Name(required=True, validate=Length(1, REASON_LENGTH))
    based_on = Whole(
        load_default=None,
        validate=Range(0, 2**31 - 1),
        metadata={"description": "The number of the change that must still be in force."},
    )
    confirm = Switch(
        load_default=False,
        metadata={
            "description": "Set it although it is dangerous: more than 1 in 100 strangers would "
            "be accepted, or more than 8 in 10 genuine attempts refused. Without it such a "
            "setting is answered by the problem confirmation_needed."
        },
    )


class VerificationThresholdChangeSchema(ReasonedSchema):
    """A new threshold of a verification."""

    score = Number(required=True, metadata=SCORE)
    rule = fields.String(load_default=None, validate=Length(max=32))


class SearchThresholdChangeSchema(ReasonedSchema):
    """A new way in which a search decides."""

    fpir = Number(required=True)
    margin = Number(required=True)


class PersonThresholdSchema(Schema):
    """One person's threshold in a verification, and what it comes from."""

    score = fields.Float(required=True, attribute="threshold.score", metadata=SCORE)
    everybodys_score = fields.Float(required=True, attribute="everybody.score", metadata=SCORE)
    lowest_score = fields.Float(required=True, attribute="lowest", metadata=SCORE)
    points = fields.Float(
        required=True, metadata={"description": "By which it was set apart from everybody's."}
    )
    number = fields.Integer(required=True)


class PersonThresholdChangeSchema(ReasonedSchema):
    """By how many points of score a person's threshold is set apart; 0 takes it back."""

    points = Number(required=True)

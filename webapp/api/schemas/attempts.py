"""Schemas of the feed of attempts."""

from __future__ import annotations

from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Range

from webapp.api.schemas.lists import LONGEST_CURSOR, MOST_ROWS, ROWS, PageSchema
from webapp.db.models.attempt import Kind


class FeedQuerySchema(Schema):
    """Position in the feed."""

    limit = fields.Integer(load_default=ROWS, validate=Range(1, MOST_ROWS))
    since = fields.String(
        load_default="",
        validate=Length(max=LONGEST_CURSOR),
        metadata={"description": "The field next of the previous answer; empty for the beginning."},
    )


class AttemptSchema(Schema):
    """A verification or identification."""

    id = fields.UUID(required=True)
    created_at = fields.AwareDateTime(required=True, attribute="row.created_at")
    kind = fields.String(
        required=True, attribute="row.kind", validate=OneOf([kind.value for kind in Kind])
    )
    match = fields.Boolean(required=True, attribute="row.match")
    identifier = fields.String(required=True, allow_none=True, attribute="row.claim")
    score = fields.Float(required=True, allow_none=True, attribute="row.score")
    threshold_score = fields.Float(required=True, allow_none=True, attribute="row.threshold_score")
    milliseconds = fields.Float(required=True, attribute="row.milliseconds")
    similarity = fields.Float(required=True)
    rule = fields.String(required=True)
    model_id = fields.String(required=True)
    compared = fields.Integer(required=True, attribute="anchors_compared")
    reasons = fields.List(fields.String(), required=True)
    asked_by = fields.String(required=True, allow_none=True)


class AttemptsSchema(PageSchema):
    """A page of the feed of attempts, oldest first; next stays the same without new attempts."""

    items = fields.List(fields.Nested(AttemptSchema), required=True)

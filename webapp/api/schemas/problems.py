"""What an error looks like (RFC 9457)."""

from __future__ import annotations

from marshmallow import Schema, fields


class ProblemPictureSchema(Schema):
    """What is wrong with one of several pictures."""

    place = fields.Integer(required=True, metadata={"description": "From 0, as they were sent."})
    code = fields.String(required=True)
    detail = fields.String(required=True)


class DangerSchema(Schema):
    """Why a setting is dangerous."""

    code = fields.String(
        required=True,
        metadata={"description": "strangers_accepted, strangers_found or people_refused."},
    )
    share = fields.Float(
        required=True,
        metadata={"description": "Of strangers, or of genuine attempts.", "maximum": 1},
    )


class ProblemSchema(Schema):
    """Why a request was not done (RFC 9457)."""

    type = fields.String(required=True, metadata={"description": "Where the code is explained."})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True, metadata={"description": "Stable; the pages' own codes."})
    detail = fields.String(
        required=True, metadata={"description": "In the language of Accept-Language."}
    )
    errors = fields.Dict(
        keys=fields.String(), metadata={"description": "By the place in the request."}
    )
    pictures = fields.List(fields.Nested(ProblemPictureSchema))
    dangers = fields.List(
        fields.Nested(DangerSchema),
        metadata={"description": "Of a setting that was not confirmed."},
    )
    seconds = fields.Integer(metadata={"description": "How long to wait; also Retry-After."})

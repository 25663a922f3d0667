"""Schemas of problem details (RFC 9457)."""

from __future__ import annotations

from marshmallow import Schema, fields


class ProblemPictureSchema(Schema):
    """The problem with one of several pictures."""

    place = fields.Integer(
        required=True, metadata={"description": "Index of the picture in the request, from 0."}
    )
    code = fields.String(required=True)
    detail = fields.String(required=True)


class DangerSchema(Schema):
    """A reason why a setting is dangerous."""

    code = fields.String(
        required=True,
        metadata={"description": "strangers_accepted, strangers_found or people_refused."},
    )
    share = fields.Float(
        required=True,
        metadata={
            "description": "Share of strangers, or of genuine attempts.",
            "maximum": 1,
        },
    )


class ProblemSchema(Schema):
    """Why a request failed (RFC 9457)."""

    type = fields.String(required=True, metadata={"description": "Address that explains the code."})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(
        required=True, metadata={"description": "Stable code, the same as on the pages."}
    )
    detail = fields.String(
        required=True, metadata={"description": "Text in the language of Accept-Language."}
    )
    errors = fields.Dict(
        keys=fields.String(), metadata={"description": "Messages by field of the request."}
    )
    pictures = fields.List(fields.Nested(ProblemPictureSchema))
    dangers = fields.List(
        fields.Nested(DangerSchema),
        metadata={"description": "Dangers of a setting that was not confirmed."},
    )
    seconds = fields.Integer(
        metadata={"description": "Seconds to wait; also in the header Retry-After."}
    )

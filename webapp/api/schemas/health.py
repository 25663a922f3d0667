"""Whether the app is ready."""

from __future__ import annotations

from marshmallow import Schema, fields


class HealthSchema(Schema):
    """Whether the app can serve."""

    ready = fields.Boolean(required=True)
    obstacles = fields.List(fields.String(), required=True)
    anchors = fields.Integer(
        metadata={"description": "While it is warming: how many it has to read first."}
    )
    anchors_read = fields.Integer(metadata={"description": "How many of them it has read."})
